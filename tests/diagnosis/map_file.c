/* SPDX-License-Identifier: MIT */
/* answer: error-path; in compare; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A reader of map files as libraries have them: much is looked at before a file is handed out. */
struct map {
	unsigned version, flags, width, height, depth, planes, order, pack, fill, units, rows, strips, tiles, quality, levels, extra;
	unsigned char *cells;
};

/* Levels of detail: each is laid out twice by the next one. */
#define LEVEL(n, next, field, other)                                                                                               \
	static void level_##n(struct map *m, unsigned magic)                                                                       \
	{                                                                                                                          \
		if (magic & 1u << n)                                                                                               \
			m->field = m->other > magic ? magic : m->width;                                                            \
		else if (m->field < 100)                                                                                           \
			m->other += magic;                                                                                         \
		next(m, magic / 3);                                                                                                \
		next(m, m->field);                                                                                                 \
	}
static void level_end(struct map *m, unsigned magic)
{
	m->extra += magic;
}
LEVEL(9, level_end, levels, quality)
LEVEL(8, level_9, quality, tiles)
LEVEL(7, level_8, tiles, strips)
LEVEL(6, level_7, strips, rows)
LEVEL(5, level_6, rows, units)
LEVEL(4, level_5, units, fill)
LEVEL(3, level_4, fill, pack)
LEVEL(2, level_3, pack, order)
LEVEL(1, level_2, order, planes)

static int map_check(struct map *m, unsigned magic)
{
	level_1(m, magic);
	return m->width > 4000 || m->height > 4000;
}

static void map_free(struct map *m)
{
	free(m->cells);
	free(m);
}

static struct map *map_setup(unsigned width, unsigned height, unsigned magic)
{
	struct map *m = calloc(1, sizeof(*m));

	if (!m)
		abort();
	m->version = magic % 5;
	m->width = width;
	m->height = height;
	m->depth = 8;
	if (map_check(m, magic)) {
		map_free(m);
		return NULL;
	}
	for (unsigned k = 0; k < 6; k++)
		if (map_check(m, magic >> k)) {
			map_free(m);
			return NULL;
		}
	m->cells = calloc(width, height);
	return m;
}

struct map *map_open(const char *name)
{
	unsigned width = 0, height = 0, magic = 0;

	if (sscanf(name, "%ux%u-%u", &width, &height, &magic) != 3)
		return NULL;
	return map_setup(width, height, magic);
}

static int compare(const char *one, const char *two)
{
	struct map *a, *b;
	int difference;

	a = map_open(one);
	if (!a)
		return -2;
	b = map_open(two);
	if (!b) {
		fprintf(stderr, "%s: cannot be opened\n", two); /* <<< */
#ifndef FAULT
		map_free(a);
#endif
		return -2; /* >>> */
	}
	difference = (int)a->width - (int)b->width;
	if (!difference)
		difference = memcmp(a->cells, b->cells, a->width);
	map_free(a);
	map_free(b);
	return difference;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 30; i++) {
		char one[64], two[64];

		snprintf(one, sizeof(one), "%dx%d-%d", 16 + i % 3, 16, i * 91);
		snprintf(two, sizeof(two), i % 6 == 4 ? "unknown" : "%dx%d-%d", 16 + i % 2, 16, i * 37);
		sum += compare(one, two);
	}
	printf("%d\n", sum);
	return 0;
}
