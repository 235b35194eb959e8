/* SPDX-License-Identifier: MIT */
/* Reading a perf map; finding the piece that holds an address. */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "perf_map.h"

#define PIECES_MOST (1u << 24)
#define NAME_MOST 1024u  /* bytes of a name that are kept */
#define OVERLAPS_MOST 64 /* pieces looked at for one address */

struct piece {
	uint64_t start, end;
	uint64_t reach; /* the highest end of this and all before it */
	const char *name;
};

struct perf_map {
	struct piece *pieces;
	size_t count;
};

static bool is_trusted(int fd, const struct model *m)
{
	struct stat map, trace;
	uint64_t written;

	if (fstat(fd, &map) || !S_ISREG(map.st_mode))
		return false;
	if (map.st_uid && map.st_uid != geteuid() && (stat(m->path, &trace) || map.st_uid != trace.st_uid))
		return false;
	written = (uint64_t)map.st_mtim.tv_sec * 1000000000u + (uint64_t)map.st_mtim.tv_nsec;
	return written >= m->start_realtime_ns;
}

static FILE *open_one(const char *path, const struct model *m)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	FILE *file = fd >= 0 && is_trusted(fd, m) ? fdopen(fd, "r") : NULL;

	if (!file && fd >= 0)
		close(fd);
	return file;
}

static FILE *open_any(struct pool *pool, const struct model *m)
{
	const char *slash = strrchr(m->path, '/');
	FILE *file = open_one(pool_print(pool, "%.*sperf-%" PRIu32 ".map", slash ? (int)(slash - m->path + 1) : 0,
					 m->path, m->pid), m);

	return file ? file : open_one(pool_print(pool, "/tmp/perf-%" PRIu32 ".map", m->pid), m);
}

/* V8 compiles a function several times and marks how: LazyCompile:*f, Function:^f, JS:~f. It is one function. */
static const char *without_tier(struct pool *pool, const char *name)
{
	static const char *const kinds[] = { "LazyCompile:", "Function:", "JS:", NULL };

	for (const char *const *k = kinds; *k; k++) {
		const char *rest = name + strlen(*k);

		if (strncmp(name, *k, strlen(*k)) || !strchr("*^~+", *rest) || !*rest)
			continue;
		while (*rest && strchr("*^~+", *rest))
			rest++;
		return pool_print(pool, "JS:%s", rest);
	}
	return name;
}

/* "START SIZE NAME\n" */
static bool parse(struct piece *p, char *line, struct pool *pool)
{
	char *end, *name;
	uint64_t size;

	p->start = strtoull(line, &end, 16);
	if (end == line || *end != ' ')
		return false;
	line = end + 1;
	size = strtoull(line, &name, 16);
	if (name == line || *name++ != ' ' || !size || p->start + size < p->start)
		return false;
	name[strcspn(name, "\n")] = 0;
	if (!*name)
		return false;
	p->end = p->start + size;
	name[strnlen(name, NAME_MOST)] = 0;
	p->name = without_tier(pool, pool_text(pool, name));
	return true;
}

static int by_start(const void *a, const void *b)
{
	const struct piece *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

struct perf_map *perf_map_open(struct pool *pool, const struct model *m)
{
	struct perf_map *map = pool_take(pool, sizeof(*map));
	FILE *file = open_any(pool, m);
	struct piece *found = NULL;
	size_t room = 0, line_room = 0;
	char *line = NULL;

	if (!file)
		return map;
	while (map->count < PIECES_MOST && getline(&line, &line_room, file) > 0) {
		if (map->count == room) {
			room = room ? 2 * room : 1024;
			found = pool_regrow(found, room, sizeof(*found));
		}
		map->count += parse(&found[map->count], line, pool);
	}
	free(line);
	fclose(file);
	map->pieces = pool_array(pool, map->count ? map->count : 1, sizeof(*map->pieces));
	if (map->count) {
		memcpy(map->pieces, found, map->count * sizeof(*found));
		qsort(map->pieces, map->count, sizeof(*found), by_start);
	}
	free(found);
	for (size_t i = 0; i < map->count; i++) {
		struct piece *p = &map->pieces[i];

		p->reach = i && p[-1].reach > p->end ? p[-1].reach : p->end;
	}
	return map;
}

bool perf_map_is_empty(const struct perf_map *map)
{
	return !map->count;
}

const char *perf_map_find(const struct perf_map *map, uint64_t address)
{
	size_t low = 0, high = map->count;
	const char *name = NULL;
	int looked = 0;

	while (low < high) { /* to the first piece that begins behind the address */
		size_t middle = low + (high - low) / 2;

		if (map->pieces[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low-- > 0 && map->pieces[low].reach > address; looked++) {
		const struct piece *p = &map->pieces[low];

		if (looked == OVERLAPS_MOST)
			return NULL;
		if (p->end <= address)
			continue;
		if (name && strcmp(name, p->name) != 0)
			return NULL;
		name = p->name;
	}
	return name;
}
