/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_MAPS_H
#define LEAKSHIM_REACH_MAPS_H
/*
 * The mappings of the scanned process, by /proc/self/maps, and lists of address ranges.
 * Only inside the scanning process.
 */
#include <stdint.h>
#include "blocks.h"

enum reach_map_flag {
	REACH_MAP_READ = 1,
	REACH_MAP_WRITE = 2,
	REACH_MAP_SHARED = 4,
	REACH_MAP_FILE = 8,    /* has an inode */
	REACH_MAP_MODULE = 16, /* data of a module: private, its file mapped executable too, or .bss behind it */
	REACH_MAP_HEAP = 32,   /* the brk heap */
	REACH_MAP_STACK = 64,  /* of the first thread */
	REACH_MAP_DEVICE = 128 /* reading may do things, or fail */
};

struct reach_map {
	uintptr_t start, end;
	uint64_t inode, device, offset;
	uint32_t flags;
};

struct reach_maps {
	struct reach_map *map;
	uint32_t count;
};

/* Returns 0 or -1: not readable. */
int reach_maps_open(struct reach_maps *maps, struct reach_arena *arena);

/* The mapping that holds an address, 0 if none. */
const struct reach_map *reach_maps_find(const struct reach_maps *maps, uintptr_t address);

/* Is all of [start, end) readable? */
int reach_maps_readable(const struct reach_maps *maps, uintptr_t start, uintptr_t end);

/* Ranges, with what they are (enum trace_root, or 0 for none). */
struct reach_range {
	uintptr_t start, end;
	uint32_t kind;
};

struct reach_ranges {
	struct reach_range *range;
	uint32_t count, most;
};

int reach_ranges_open(struct reach_ranges *ranges, uint32_t most, struct reach_arena *arena);
void reach_ranges_add(struct reach_ranges *ranges, uintptr_t start, uintptr_t end, uint32_t kind);

/* Sorts by start. */
void reach_ranges_sort(struct reach_ranges *ranges);
#endif
