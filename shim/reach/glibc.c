/* SPDX-License-Identifier: MIT */
/* glibc's heaps, free lists and thread descriptors, by their looks. */
#include "glibc.h"

#include "rules.h"

#define PAGE 4096u
#define MANY_ARENAS (4ull << 30)
#define ARENA (64ull << 20) /* arenas lie at multiples of it */
#define MAPPED 2u           /* in a chunk's size: mapped on its own */
#define IN_USE 1u           /* in a chunk's size: the chunk before it is in use */
#define FLAGS 7u
#define BINS 127u
#define BEFORE_BINS 112u    /* of an arena's head */
#define BEHIND_BINS 72u

/* Head of a piece of an arena. */
struct piece {
	uintptr_t arena;
	uintptr_t previous;
	uint64_t size, writable;
};

static int is_piece(const struct reach_map *m, uintptr_t at)
{
	const struct piece *p = (const struct piece *)at;

	if (at + sizeof *p > m->end || p->size == 0 || p->size % PAGE || p->size > ARENA ||
	    p->writable % PAGE || p->writable < p->size || at + p->writable > m->end)
		return 0;
	uintptr_t head = p->arena & (ARENA - 1);
	if (!p->arena || head < sizeof *p || head > 128 || p->previous % ARENA)
		return 0;
	return (p->arena - head == at) == (p->previous == 0);
}

struct arenas {
	const struct reach_map *map;
	struct reach_ranges *heaps, *holes;
};

/* Their heads lie in pages that were written to. */
static void arenas(void *context, uintptr_t start, uintptr_t end)
{
	const struct arenas *a = context;

	for (uintptr_t at = (start + ARENA - 1) & ~(ARENA - 1); at < end; at += ARENA) {
		const struct piece *p = (const struct piece *)at;

		if (!is_piece(a->map, at))
			continue;
		reach_ranges_add(a->heaps, at, at + p->writable, TRACE_ROOT_HEAP);
		reach_ranges_add(a->holes, at, at + p->writable, 0);
	}
}

static int inside(const struct reach_ranges *ranges, uintptr_t at)
{
	for (uint32_t i = 0; i < ranges->count; i++)
		if (at >= ranges->range[i].start && at < ranges->range[i].end)
			return 1;
	return 0;
}

/* A block that was mapped on its own: the words before it say from where to where. */
static void mapped_chunk(const struct reach_maps *maps, const struct reach_entry *e, struct reach_ranges *holes)
{
	const uint64_t *head = (const uint64_t *)e->address - 2;
	const struct reach_map *m = e->address & 15 ? 0 : reach_maps_find(maps, (uintptr_t)head);

	if (m && m->flags & REACH_MAP_IN_PROGRAM && (e->address & (PAGE - 1)) == 16)
		reach_ranges_add(holes, e->address - 16, (e->address + e->size + PAGE - 1) & ~(uintptr_t)(PAGE - 1), 0);
	if (!m || !(m->flags & REACH_MAP_READ) || (uintptr_t)(head + 2) > m->end || !(head[1] & MAPPED))
		return;
	uintptr_t start = (uintptr_t)head - head[0];
	uintptr_t end = (uintptr_t)head + (head[1] & ~(uint64_t)FLAGS);
	if (start % PAGE || end % PAGE || start > (uintptr_t)head || end < e->address + e->size)
		return;
	reach_ranges_add(holes, start, end, 0);
}

void reach_glibc_heaps(const struct reach_maps *maps, const struct reach_blocks *blocks, struct reach_pages *pages,
		       struct reach_ranges *heaps, struct reach_ranges *holes)
{
	struct arenas in = {0, heaps, holes};

	for (uint32_t i = 0; i < maps->count; i++) {
		const struct reach_map *m = &maps->map[i];

		if (m->flags & REACH_MAP_HEAP) {
			reach_ranges_add(heaps, m->start, m->end, TRACE_ROOT_HEAP);
			reach_ranges_add(holes, m->start, m->end, 0);
		} else if ((m->flags & (REACH_MAP_READ | REACH_MAP_WRITE)) == (REACH_MAP_READ | REACH_MAP_WRITE) &&
			   !(m->flags & (REACH_MAP_FILE | REACH_MAP_SHARED | REACH_MAP_STACK | REACH_MAP_DEVICE))) {
			in.map = m;
			if (m->end - m->start < MANY_ARENAS)
				arenas(&in, m->start, m->end);
			else
				reach_pages_touched(pages, m->start, m->end, arenas, &in);
		}
	}
	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct reach_entry *e = &blocks->entry[i];

		if (e->size >= PAGE - 32 || (e->address & (PAGE - 1)) == 16)
			if (!inside(heaps, e->address))
				mapped_chunk(maps, e, holes);
	}
}

void reach_glibc_bins(const struct reach_map *data, struct reach_ranges *holes)
{
	uintptr_t first = 0, last = 0;
	uint32_t empty = 0;

	for (uintptr_t at = data->start; at + 16 <= data->end; at += 8) {
		const uint64_t *bin = (const uint64_t *)at; /* an empty one leads to itself, twice */

		if (bin[0] != at - 16 || bin[1] != at - 16)
			continue;
		if (first && at - first > BINS * 16) {
			if (empty > BINS / 2)
				break;
			first = 0;
			empty = 0;
		}
		if (!first)
			first = at;
		last = at;
		empty++;
	}
	if (empty > BINS / 2) /* some at either end may hold chunks: take the most it can be */
		reach_ranges_add(holes, last + 16 - BINS * 16 - BEFORE_BINS, first + BINS * 16 + BEHIND_BINS, 0);
}

int reach_glibc_descriptor(uintptr_t at, uintptr_t end, uintptr_t *low, uintptr_t *high)
{
	const uint64_t *word = (const uint64_t *)at;

	if (at + 1024 > end || word[0] != at || word[2] != at)
		return 0;
	for (uintptr_t w = at + 512; w + 16 <= end && w < at + 2304; w += 8) {
		uint64_t start = *(const uint64_t *)w, size = ((const uint64_t *)w)[1];

		if (start && !(start & (PAGE - 1)) && size && size <= 64ull << 30 && start < at &&
		    at + 1024 <= start + size && start + size - at < 1u << 20) {
			*low = start;
			*high = start + size;
			return 1;
		}
	}
	return 0;
}

/* In all releases what a thread returned stands two words before the function that it began with; between them are a
 * priority and a policy. */
uintptr_t reach_glibc_result(const struct reach_maps *maps, uintptr_t at, uintptr_t end)
{
	uintptr_t found = 0;

	for (uintptr_t w = at + 64; w + 8 <= end && w < at + 2304; w += 8) {
		uint64_t word = *(const uint64_t *)w, before = *(const uint64_t *)(w - 8);
		const struct reach_map *map = word == at ? 0 : reach_maps_find(maps, word);

		if (word == at)
			return 0; /* detached: it joins itself */
		if (!found && w > at + 512 && map && map->flags & REACH_MAP_FILE && !(map->flags & REACH_MAP_WRITE) &&
		    (uint32_t)before < 128 && before >> 32 < 16)
			found = w - 16;
	}
	return found;
}

uintptr_t reach_glibc_next(uintptr_t chunk, uintptr_t end, uintptr_t limit, int *in_use)
{
	uint64_t size = ((const uint64_t *)chunk)[1] & ~(uint64_t)FLAGS;

	if (size < 32 || size & 15 || size > end - chunk)
		return 0;
	uintptr_t next = chunk + size;
	if (next + 16 > limit) {
		*in_use = 0; /* the top */
		return next;
	}
	*in_use = (int)(((const uint64_t *)next)[1] & IN_USE);
	return next;
}
