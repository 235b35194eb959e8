/* SPDX-License-Identifier: MIT */
/*
 * What the program has and its copy has not: MADV_DONTFORK leaves it out, MADV_WIPEONFORK leaves it empty.
 * The program is our parent; its number is the one that the mounted /proc gives it, which may be that of
 * another PID namespace, and its first thread may have ended, which leaves /proc/PID/maps empty.
 */
#include "maps.h"

#include <fcntl.h>
#include <string.h>

#include "advice.h"
#include "area.h"
#include "program.h"
#include "sys.h"
#include "rules.h"

static int is_listed(const struct reach_maps *maps, uintptr_t start, uintptr_t end)
{
	const struct reach_map *m = reach_maps_find(maps, start);

	while (m && m < maps->map + maps->count && m->start <= start && m->end < end) {
		start = m->end;
		m++;
	}
	return m && m < maps->map + maps->count && m->start <= start;
}

static int is_something_missing(const struct reach_maps *own, const struct reach_maps *all)
{
	for (uint32_t i = 0; i < all->count; i++)
		if (!is_listed(own, all->map[i].start, all->map[i].end))
			return 1;
	return 0;
}

/* Tables of the shim: which ones there are the program knows, for it goes on making some. */
static int is_private(const struct reach_map *m, const struct area_range *privates)
{
	for (uint32_t i = 0; i < AREA_PRIVATES; i++)
		if (privates[i].start < m->end && privates[i].start + privates[i].size > m->start)
			return 1;
	return 0;
}

/* Both lists are sorted. Of the program's one only what was not copied counts: in a living program others come and go. */
static int merge(struct reach_maps *own, const struct reach_maps *all, const struct area_range *privates,
		 struct reach_arena *arena)
{
	struct reach_map *into = reach_arena_take(arena, (own->count + 2ull * all->count) * sizeof *into);
	uint32_t count = 0, k = 0;

	if (!into)
		return -1;
	for (uint32_t i = 0; i < all->count; i++) {
		struct reach_map m = all->map[i];

		if (!(m.flags & REACH_MAP_NOT_COPIED) || is_private(&m, privates))
			continue;
		m.flags &= ~(uint32_t)REACH_MAP_READ;
		while (k < own->count && own->map[k].end <= m.start)
			into[count++] = own->map[k++];
		while (m.start < m.end) {
			uintptr_t end = k < own->count && own->map[k].start < m.end ? own->map[k].start : m.end;

			if (end > m.start) {
				into[count] = m;
				into[count++].end = end;
			}
			m.start = end;
			if (end < m.end) {
				m.start = own->map[k].end;
				into[count++] = own->map[k++];
			}
		}
	}
	while (k < own->count)
		into[count++] = own->map[k++];
	own->map = into;
	own->count = count;
	return 0;
}

/* Without a list of the program's: what it asked for, unless that was taken back or is gone. */
static int list_advice(struct reach_maps *all, struct reach_arena *arena)
{
	uint32_t count = advice_count < ADVICE_RANGES ? advice_count : ADVICE_RANGES;

	all->map = reach_arena_take(arena, (count + 1) * sizeof *all->map);
	all->count = 0;
	for (uint32_t i = 0; all->map && i < count; i++) {
		struct reach_region a = advice_not_copied[i];
		uint32_t k = all->count++;

		for (; k && all->map[k - 1].start > a.start; k--)
			all->map[k] = all->map[k - 1];
		all->map[k] = (struct reach_map){.start = a.start, .end = a.start + a.size, .resident = UINT64_MAX,
						 .flags = REACH_MAP_WRITE | REACH_MAP_NOT_COPIED};
	}
	for (uint32_t i = 1; i < all->count; i++)
		if (all->map[i].start < all->map[i - 1].end)
			all->map[i].start = all->map[i].end < all->map[i - 1].end ? all->map[i].end : all->map[i - 1].end;
	return all->map ? 0 : -1;
}

int reach_maps_add_program(struct reach_maps *maps, uint32_t pid, struct reach_arena *arena)
{
	struct area_range *privates = reach_arena_take(arena, sizeof area_privates);
	struct reach_maps all = {0};
	char path[PROGRAM_PATH];

	for (uint32_t i = 0; i < maps->count; i++)
		if (maps->map[i].flags & REACH_MAP_WIPED)
			maps->map[i].flags &= ~(uint32_t)REACH_MAP_READ;
	if (!privates)
		return -1;
	memcpy(privates, area_privates, sizeof area_privates);
	if (program_find(path, pid) || reach_maps_read(&all, program_file(path, "maps"), arena))
		return list_advice(&all, arena) || merge(maps, &all, privates, arena);
	if (!is_something_missing(maps, &all))
		return 0;
	if (reach_maps_read(&all, program_file(path, "smaps"), arena) && list_advice(&all, arena))
		return -1;
	if (program_read(path, (uintptr_t)area_privates, privates, sizeof area_privates) != sizeof area_privates)
		memcpy(privates, area_privates, sizeof area_privates);
	return merge(maps, &all, privates, arena);
}
