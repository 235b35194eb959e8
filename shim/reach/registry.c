/* SPDX-License-Identifier: MIT */
#include "registry.h"

#include <string.h>

#include "rules.h"

#define LIBRARY "libgobject-2.0.so"
#define NODES_MOST 4096u
#define HANDLERS_MOST 1000000u

/* GHashTable, since GLib 2.64. */
struct table {
	uint64_t size;
	uint32_t mod, mask, used, occupied;
	uint64_t flags;
	uintptr_t *keys;
	uint32_t *hashes; /* 0 and 1: no entry */
	uintptr_t *values;
	uintptr_t hash;
};

struct handler {
	uint64_t number;
	struct handler *next, *previous;
	uint32_t detail, signal;
	uint32_t references, flags;
	uintptr_t closure, instance;
};

/* Of one instance, sorted by signal. */
struct lists {
	uint64_t count;
	struct list {
		uint64_t signal;
		struct handler *first, *last_before, *last;
	} list[];
};

struct parting {
	const struct reach_maps *maps;
	const struct reach_blocks *blocks;
};

/* A block of its own that begins there. */
static int is_block(const struct parting *p, const void *at, uint64_t size)
{
	int64_t i = reach_find(p->blocks, (uintptr_t)at);

	return i >= 0 && p->blocks->entry[i].address == (uintptr_t)at && p->blocks->entry[i].size >= size &&
	       reach_maps_are_ours(p->maps, (uintptr_t)at, size);
}

static const struct table *table_at(const struct parting *p, uintptr_t word)
{
	const struct table *t = (const struct table *)word;

	if (!is_block(p, t, sizeof *t) || !t->size || t->size != (uint64_t)t->mask + 1 || t->size & (t->size - 1) ||
	    t->used > t->occupied || t->occupied > t->size || !t->used || !is_block(p, t->hashes, t->size * sizeof *t->hashes) ||
	    !is_block(p, t->keys, t->size * sizeof *t->keys) || !is_block(p, t->values, t->size * sizeof *t->values))
		return 0;
	return t;
}

static int is_handler(const struct parting *p, const struct handler *h, uintptr_t instance)
{
	return is_block(p, h, sizeof *h) && h->instance == instance;
}

/* Returns how many handlers an instance has, -1: this is something else. */
static int64_t handlers_of(const struct parting *p, uintptr_t instance, const struct lists *lists)
{
	int64_t seen = 0;

	if (!is_block(p, lists, sizeof *lists) || !lists->count || lists->count > NODES_MOST ||
	    !is_block(p, lists, sizeof *lists + lists->count * sizeof *lists->list) || reach_find(p->blocks, instance) < 0 ||
	    !reach_maps_are_ours(p->maps, instance, sizeof instance))
		return -1;
	for (uint64_t i = 0; i < lists->count; i++)
		for (const struct handler *h = lists->list[i].first; h; h = h->next)
			if (++seen > HANDLERS_MOST || !is_handler(p, h, instance))
				return -1;
	return seen;
}

/* Is it the one that leads from instances to their handlers? */
static int is_of_instances(const struct parting *p, const struct table *t)
{
	int64_t seen = 0;

	for (uint64_t i = 0; i < t->size; i++) {
		int64_t more = t->hashes[i] < 2 ? 0 : handlers_of(p, t->keys[i], (const struct lists *)t->values[i]);

		if (more < 0)
			return 0;
		seen += more;
	}
	return seen > 0;
}

/* The class, which each instance leads to first, is held by its type as well. */
static void part_instances(const struct table *t)
{
	for (uint64_t i = 0; i < t->size; i++) {
		const struct lists *lists = (const struct lists *)t->values[i];

		if (t->hashes[i] < 2)
			continue;
		for (uint64_t k = 0; k < lists->count; k++)
			for (struct handler *h = lists->list[k].first; h; h = h->next)
				h->instance = 0;
		*(uintptr_t *)t->keys[i] = (uintptr_t)lists;
		t->keys[i] = t->values[i] = 0;
	}
}

/* The set of all handlers, of which those that were parted lead to no instance any more. */
static void part_handlers(const struct parting *p, const struct table *t)
{
	for (uint64_t i = 0; i < t->size; i++)
		if (t->hashes[i] >= 2 && is_handler(p, (const struct handler *)t->keys[i], 0))
			t->keys[i] = 0;
}

/* Calls for each table that a library's data leads to. Returns 1 if one was parted. */
static int part_tables(const struct parting *p, uintptr_t start, uintptr_t end, int are_handlers)
{
	for (uintptr_t at = start; at < end && reach_maps_are_ours(p->maps, at, sizeof at); at += sizeof at) {
		const struct table *t = table_at(p, *(const uintptr_t *)at);

		if (!t || (t->keys == t->values) != are_handlers)
			continue;
		if (are_handlers) {
			part_handlers(p, t);
		} else if (is_of_instances(p, t)) {
			part_instances(t);
			return 1;
		}
	}
	return 0;
}

void reach_registry_part(const struct reach_maps *maps, const struct reach_blocks *blocks)
{
	struct parting p = {maps, blocks};

	for (uint32_t i = 0; i < maps->count; i++) {
		const struct reach_map *m = &maps->map[i], *last = m;

		if (!(m->flags & REACH_MAP_MODULE) || !(m->flags & REACH_MAP_WRITE) || !strstr(m->name, LIBRARY))
			continue;
		if (i + 1 < maps->count && m[1].start == m->end && m[1].flags & REACH_MAP_MODULE && !(m[1].flags & REACH_MAP_FILE))
			last = m + 1;
		for (const struct reach_map *one = m; one <= last; one++)
			if (part_tables(&p, one->start, one->end, 0))
				for (const struct reach_map *other = m; other <= last; other++)
					part_tables(&p, other->start, other->end, 1);
	}
}
