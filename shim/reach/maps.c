/* SPDX-License-Identifier: MIT */
/* Looking mappings up; lists of ranges. */
#include "maps.h"

#include "rules.h"

/* Data of modules: private writable file mappings whose file is also mapped executable or which
 * neighbour such; what was made read-only after relocation; the anonymous end (.bss). */
static void find_modules(struct reach_maps *maps)
{
	for (uint32_t i = 0; i < maps->count; i++) {
		struct reach_map *m = &maps->map[i], *before = i ? m - 1 : 0;

		if (m->flags & REACH_MAP_FILE) {
			if (!(m->flags & REACH_MAP_SHARED) && m->flags & REACH_MAP_WRITE && before &&
			    before->inode == m->inode && before->device == m->device) {
				m->flags |= REACH_MAP_MODULE;
				if (before->flags == (REACH_MAP_READ | REACH_MAP_FILE))
					before->flags |= REACH_MAP_MODULE; /* RELRO */
			}
		} else if (before && before->flags & REACH_MAP_MODULE && before->flags & REACH_MAP_FILE &&
			   before->end == m->start && m->flags & REACH_MAP_WRITE &&
			   !(m->flags & (REACH_MAP_HEAP | REACH_MAP_STACK))) {
			m->flags |= REACH_MAP_MODULE;
		}
	}
}

/* Without smaps nothing tells what was wiped; a scan that shares memory does not need it, and smaps holds the
 * program's own mmap up. */
int reach_maps_open(struct reach_maps *maps, uint32_t pid, struct reach_arena *arena)
{
	if ((!pid || reach_maps_read(maps, "/proc/self/smaps", arena)) &&
	    reach_maps_read(maps, "/proc/self/maps", arena))
		return -1;
	find_modules(maps);
	return pid ? reach_maps_add_program(maps, pid, arena) : 0;
}

/* What image_begin.c leaves out. */
int reach_maps_of_image(struct reach_maps *maps, long fd, struct reach_arena *arena)
{
	if (reach_maps_read_from(maps, fd, arena))
		return -1;
	find_modules(maps);
	for (uint32_t i = 0; i < maps->count; i++) {
		struct reach_map *m = &maps->map[i];

		if (m->flags & (REACH_MAP_SHARED | REACH_MAP_FORCED | REACH_MAP_STEADY | REACH_MAP_DEVICE))
			m->flags = (m->flags | REACH_MAP_LEFT) & ~(uint32_t)REACH_MAP_READ;
	}
	return 0;
}

const struct reach_map *reach_maps_from(const struct reach_maps *maps, uintptr_t address)
{
	uint32_t low = 0, high = maps->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (maps->map[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return &maps->map[low];
}

const struct reach_map *reach_maps_find(const struct reach_maps *maps, uintptr_t address)
{
	const struct reach_map *m = reach_maps_from(maps, address);

	return m < maps->map + maps->count && m->start <= address ? m : 0;
}

int reach_maps_are_ours(const struct reach_maps *maps, uintptr_t start, uint64_t size)
{
	const struct reach_map *m = start & 7 ? 0 : reach_maps_find(maps, start);

	return m && m->flags & REACH_MAP_WRITE && m->flags & REACH_MAP_READ &&
	       !(m->flags & (REACH_MAP_SHARED | REACH_MAP_IN_PROGRAM | REACH_MAP_FORCED | REACH_MAP_LEFT | REACH_MAP_DEVICE)) &&
	       size <= m->end - start;
}

int reach_maps_readable(const struct reach_maps *maps, uintptr_t start, uintptr_t end)
{
	const struct reach_map *m = reach_maps_find(maps, start);

	for (; m && m < maps->map + maps->count; m++) {
		if (m->start > start || !(m->flags & REACH_MAP_READ) || m->flags & REACH_MAP_DEVICE)
			return 0;
		if (m->end >= end)
			return 1;
		start = m->end;
	}
	return 0;
}

int reach_ranges_open(struct reach_ranges *ranges, uint32_t most, struct reach_arena *arena)
{
	ranges->range = reach_arena_take(arena, most * sizeof *ranges->range);
	ranges->count = 0;
	ranges->most = ranges->range ? most : 0;
	return ranges->range ? 0 : -1;
}

void reach_ranges_add(struct reach_ranges *ranges, uintptr_t start, uintptr_t end, uint32_t kind)
{
	if (start < end && ranges->count < ranges->most)
		ranges->range[ranges->count++] = (struct reach_range){start, end, kind};
}

void reach_ranges_cut(struct reach_ranges *ranges, uintptr_t start, uintptr_t end)
{
	uint32_t count = ranges->count;

	for (uint32_t i = 0; i < count; i++) {
		struct reach_range *r = &ranges->range[i];

		if (r->end <= start || r->start >= end)
			continue;
		if (r->end > end)
			reach_ranges_add(ranges, r->start > end ? r->start : end, r->end, r->kind);
		r->end = r->start > start ? r->start : start;
	}
}

static void sink(struct reach_range *r, uint32_t i, uint32_t count)
{
	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= count)
			return;
		if (child + 1 < count && r[child + 1].start > r[child].start)
			child++;
		if (r[i].start >= r[child].start)
			return;
		struct reach_range other = r[i];
		r[i] = r[child];
		r[child] = other;
		i = child;
	}
}

void reach_ranges_sort(struct reach_ranges *ranges)
{
	struct reach_range *r = ranges->range;

	for (uint32_t i = ranges->count / 2; i-- > 0;)
		sink(r, i, ranges->count);
	for (uint32_t n = ranges->count; n > 1; n--) {
		struct reach_range last = r[n - 1];

		r[n - 1] = r[0];
		r[0] = last;
		sink(r, 0, n - 1);
	}
}
