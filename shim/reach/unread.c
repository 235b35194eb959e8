/* SPDX-License-Identifier: MIT */
#include "unread.h"

#include <string.h>

#include "rules.h"

void reach_unread_open(struct reach_unread *u, const struct reach_file *file, uint32_t scan)
{
	struct trace_unread *t;

	*u = (struct reach_unread){.file = file, .scan = scan};
	for (uint32_t i = 1; (t = reach_element(file, TRACE_AREA_UNREAD, i, sizeof *t)) && i <= TRACE_UNREAD_KEPT; i++)
		t->scan = 0;
}

/* The note that this goes to: one of the same kind and name, a new one, or the last. */
static struct trace_unread *note_for(struct reach_unread *u, enum trace_unread_kind kind, const char *name, uintptr_t start)
{
	struct trace_unread *t = 0;

	for (uint32_t i = 1; i <= TRACE_UNREAD_KEPT; i++) {
		struct trace_unread *one = reach_element(u->file, TRACE_AREA_UNREAD, i, sizeof *one);

		t = one ? one : t;
		if (!one || one->scan != u->scan)
			break;
		if (one->kind == kind && !strncmp(one->name, name, sizeof one->name))
			return one;
	}
	if (t && t->scan != u->scan) {
		memset(t, 0, sizeof *t);
		t->kind = kind;
		t->start = start;
		memcpy(t->name, name, strlen(name));
		__atomic_store_n(&t->scan, u->scan, __ATOMIC_RELEASE);
	}
	return t;
}

void reach_unread_note(struct reach_unread *u, enum trace_unread_kind kind, const struct reach_map *map, uintptr_t start,
		       uint64_t size)
{
	if (u->is_told)
		return;
	struct trace_unread *t = note_for(u, kind, map ? map->name : "", start);

	u->first = u->count++ ? u->first : start;
	if (!t)
		return;
	t->size += size;
	t->ranges += !t->ranges || start != u->end;
	u->end = start + size;
}
