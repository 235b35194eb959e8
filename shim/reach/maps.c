/* SPDX-License-Identifier: MIT */
/* Reading /proc/self/maps; lists of ranges. */
#include "maps.h"

#include <fcntl.h>
#include <string.h>

#include "sys.h"
#include "rules.h"

#define MAPS_MOST (64u << 20) /* bytes of text */

static uint64_t hexadecimal(const char **at)
{
	uint64_t n = 0;

	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint64_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint64_t)(c - 'a' + 10);
		else
			return n;
	}
}

static uint32_t path_flags(const char *path)
{
	if (!strncmp(path, "[heap]", 6))
		return REACH_MAP_HEAP;
	if (!strncmp(path, "[stack]", 7))
		return REACH_MAP_STACK;
	if (!strncmp(path, "[v", 2)) /* vvar, vdso, vsyscall */
		return REACH_MAP_DEVICE;
	if (!strncmp(path, "/dev/", 5) && strncmp(path, "/dev/shm/", 9) && strncmp(path, "/dev/zero", 9))
		return REACH_MAP_DEVICE;
	return 0;
}

/* "start-end perm offset major:minor inode   path\n" */
static const char *parse_line(const char *at, struct reach_map *m)
{
	memset(m, 0, sizeof *m);
	m->start = hexadecimal(&at);
	at++;
	m->end = hexadecimal(&at);
	at++;
	m->flags |= at[0] == 'r' ? REACH_MAP_READ : 0;
	m->flags |= at[1] == 'w' ? REACH_MAP_WRITE : 0;
	m->flags |= at[3] == 's' ? REACH_MAP_SHARED : 0;
	at += 5;
	m->offset = hexadecimal(&at);
	at++;
	m->device = hexadecimal(&at) << 32;
	at++;
	m->device |= hexadecimal(&at);
	at++;
	for (; *at >= '0' && *at <= '9'; at++)
		m->inode = m->inode * 10 + (uint64_t)(*at - '0');
	while (*at == ' ')
		at++;
	m->flags |= path_flags(at);
	if (m->inode)
		m->flags |= REACH_MAP_FILE;
	while (*at && *at != '\n')
		at++;
	return *at ? at + 1 : at;
}

static char *read_text(struct reach_arena *arena)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	uint64_t room = (uint64_t)(arena->end - arena->at) / 4, used = 0;
	char *text = (char *)arena->at;
	long n = 0;

	if (sys_failed(fd))
		return 0;
	if (room > MAPS_MOST)
		room = MAPS_MOST;
	while (used + 1 < room && (n = sys_call3(SYS_read, fd, (long)(text + used), (long)(room - used - 1))) > 0)
		used += (uint64_t)n;
	sys_call3(SYS_close, fd, 0, 0);
	if (!used || n < 0)
		return 0;
	text[used] = 0;
	return reach_arena_take(arena, used + 1);
}

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

int reach_maps_open(struct reach_maps *maps, struct reach_arena *arena)
{
	const char *text = read_text(arena);
	uint32_t lines = 1;

	if (!text)
		return -1;
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	maps->map = reach_arena_take(arena, lines * sizeof *maps->map);
	maps->count = 0;
	while (maps->map && *text)
		text = parse_line(text, &maps->map[maps->count++]);
	if (!maps->map)
		return -1;
	find_modules(maps);
	return 0;
}

const struct reach_map *reach_maps_find(const struct reach_maps *maps, uintptr_t address)
{
	uint32_t low = 0, high = maps->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (maps->map[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < maps->count && maps->map[low].start <= address ? &maps->map[low] : 0;
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
