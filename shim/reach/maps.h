/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_MAPS_H
#define LEAKSHIM_REACH_MAPS_H
/*
 * The mappings of the scanned process, by /proc/self/smaps, and lists of address ranges. A copy of the program lacks
 * what the program asked the kernel not to copy (MADV_DONTFORK), or has it empty (MADV_WIPEONFORK): those are in the
 * list too, to be read in the program. reader.h reads whatever is listed.
 * Only inside the scanning process.
 */
#include <stdint.h>
#include "blocks.h"

#define REACH_NAME 40u

enum reach_map_flag {
	REACH_MAP_READ = 1,   /* a load from it gives what the program has there */
	REACH_MAP_WRITE = 2,
	REACH_MAP_SHARED = 4,
	REACH_MAP_FILE = 8,    /* has an inode */
	REACH_MAP_MODULE = 16, /* data of a module: private, its file mapped executable too, or .bss behind it */
	REACH_MAP_HEAP = 32,   /* the brk heap */
	REACH_MAP_STACK = 64,  /* of the first thread */
	REACH_MAP_DEVICE = 128, /* reading may do things, or fail */
	REACH_MAP_FORCED = 256, /* the program has no access to it now: the kernel has */
	REACH_MAP_NOT_COPIED = 512,
	REACH_MAP_WIPED = 1024,
	REACH_MAP_STEADY = 2048, /* of a file, but no one can make it shorter */
	REACH_MAP_FAULTS = 4096, /* a page that is not there comes from a thread of the program (userfaultfd) */
	REACH_MAP_LEFT = 8192    /* left out of an image (image.h) */
};
#define REACH_MAP_IN_PROGRAM (REACH_MAP_NOT_COPIED | REACH_MAP_WIPED | REACH_MAP_LEFT)

struct reach_map {
	uintptr_t start, end;
	uint64_t inode, device, offset;
	uint64_t resident;     /* bytes in memory or swapped out; UINT64_MAX: not known */
	uint32_t flags;
	char name[REACH_NAME]; /* the end of its path */
};

struct reach_maps {
	struct reach_map *map;
	uint32_t count;
};

/* Of this process. If it is a copy of the program `pid`, with what a copy lacks; 0: it is none. Returns 0 or -1: not
 * readable. */
int reach_maps_open(struct reach_maps *maps, uint32_t pid, struct reach_arena *arena);

/* Of the program that an image was taken of, by the descriptor of its list. Returns 0 or -1. */
int reach_maps_of_image(struct reach_maps *maps, long fd, struct reach_arena *arena);

/* One of the lists of /proc, in the format of maps or smaps. Returns 0 or -1. */
int reach_maps_read(struct reach_maps *maps, const char *path, struct reach_arena *arena);
int reach_maps_read_from(struct reach_maps *maps, long fd, struct reach_arena *arena);

/* Adds what the program has and this copy of it has not. */
int reach_maps_add_program(struct reach_maps *maps, uint32_t pid, struct reach_arena *arena);

/* The first mapping that ends behind an address; behind the last one if none does. */
const struct reach_map *reach_maps_from(const struct reach_maps *maps, uintptr_t address);

/* The mapping that holds an address, 0 if none. */
const struct reach_map *reach_maps_find(const struct reach_maps *maps, uintptr_t address);

/* May all of it be changed, in a copy of the program, without anybody seeing it? */
int reach_maps_are_ours(const struct reach_maps *maps, uintptr_t start, uint64_t size);

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

/* Takes [start, end) out of all of them. */
void reach_ranges_cut(struct reach_ranges *ranges, uintptr_t start, uintptr_t end);

/* Sorts by start. */
void reach_ranges_sort(struct reach_ranges *ranges);
#endif
