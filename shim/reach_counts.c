/* SPDX-License-Identifier: MIT */
#include "reach_counts.h"

#include <string.h>

#include "probe_file.h"
#include "rules.h"

#define ALL_ROOTS ((1u << TRACE_ROOTS) - 2)

/* The count in the object as it was at the cut. */
static int read_count(const struct trace_type *t, const struct reach_entry *e, uint64_t address, int64_t *count)
{
	uint64_t at = address + (uint64_t)(int64_t)t->count_offset;
	uint64_t size = t->count_format == PROBE_COUNT_U64 ? 8 : 4;
	int32_t half;

	if (at < e->address || at + size > e->address + e->size)
		return 0;
	if (size == 8) {
		memcpy(count, (const void *)at, 8);
		return 1;
	}
	memcpy(&half, (const void *)at, 4);
	*count = t->count_format == PROBE_COUNT_NEG32 ? -(int64_t)half : half;
	return 1;
}

static void note(struct trace_resource *r, const struct trace_type *t, const struct reach_marker *m, uint32_t scan)
{
	uint64_t address = trace_resource_address(r);
	int64_t i = reach_find(m->blocks, address), count = r->count;

	if (i < 0 || m->blocks->flag[i] & REACH_HIDDEN)
		return;
	if (!(t->flags & TRACE_TYPE_BY_HAND) &&
	    (!(t->flags & TRACE_TYPE_READS) || t->flags & TRACE_TYPE_MISREAD ||
	     !read_count(t, &m->blocks->entry[i], address, &count)))
		return;
	r->cut_short = m->pointers[i] < count ? r->cut_short + 1 : 0;
	r->cut_count = count < 0 ? 0 : count > INT32_MAX ? INT32_MAX : (int32_t)count;
	r->cut_pointers = m->pointers[i];
	__atomic_store_n(&r->cut_scan, scan, __ATOMIC_RELEASE);
}

void reach_counts_note(const struct reach_cut *cut, const struct reach_file *file, const struct reach_marker *m)
{
	uint64_t used = __atomic_load_n(&cut->header->areas[TRACE_AREA_RESOURCE].used, __ATOMIC_ACQUIRE);

	if (!m->pointers || cut->is_shared || cut->scan->unstable || cut->scan->missing || cut->roots != ALL_ROOTS)
		return;
	for (uint64_t i = 1; i < used; i++) {
		struct trace_resource *r = reach_element(file, TRACE_AREA_RESOURCE, i, sizeof *r);
		const struct trace_type *t;

		if (!r || !__atomic_load_n(&r->where, __ATOMIC_ACQUIRE) || r->flags & TRACE_RESOURCE_ENDED)
			continue;
		t = reach_element(file, TRACE_AREA_TYPE, r->type, sizeof *t);
		if (t)
			note(r, t, m, cut->scan->number);
	}
}
