/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_BLOCKS_H
#define LEAKSHIM_REACH_BLOCKS_H
/*
 * The live blocks of a cut, sorted by address, and the way from any word to the block it
 * points into: a directory of granules that leads to the first block in a granule.
 *
 * Everything lies in one arena that is reserved at the beginning and made of pages as they
 * are touched. Only inside the scanning process.
 */
#include <stdint.h>
#include "cut.h"

struct reach_entry {
	uint64_t address;
	uint64_t size;  /* at least 1 */
	uint32_t slot;
	uint32_t owner; /* entry number + 1 of the block that leads here; how far inside if possible */
};

enum reach_flag {
	REACH_HIDDEN = 1,  /* not (wholly) to be read by loads */
	REACH_LOADER = 2,  /* of the dynamic loader */
	REACH_LIBC = 32,   /* made by libc for itself */
	REACH_IGNORED = 4,
	REACH_ARRAY = 16,  /* made by new[] */
	REACH_INSIDE = 128, /* reachable, and no pointer to its start was met before */
	REACH_OWNED = 64,  /* lost, and another lost one leads to its start */
	REACH_FOLLOWED = 8 /* another one begins right behind its end */
};
#define REACH_HEAD_MOST 256u /* bytes of a block that may be nothing but a head: a count stands there at the alignment of what it counts */

#define REACH_GRANULE 8 /* log2 */
#define REACH_LEAF 26   /* log2 of what a leaf covers */
#define REACH_TOP (1u << (47 - REACH_LEAF))

struct reach_blocks {
	struct reach_entry *entry;
	uint64_t *from;      /* where the first pointer to it was found */
	uint32_t *stack, *heads; /* room for a number of each, for mark.c */
	uint8_t *mark;       /* mark.c */
	uint8_t *flag;       /* enum reach_flag */
	uint32_t count;
	uint32_t *top;       /* [address >> 26]: 0 nothing; odd: entry * 2 + 1 fills it; even: leaf */
	uint32_t *leaves;    /* leaf n begins at n / 2 granules of a leaf each: entry number + 1 */
	uint32_t leaf_count;
	uint64_t low, span;  /* of all blocks */
};

/* The file's chunks, as far as the scan needs them. */
struct reach_file {
	unsigned char **chunk[TRACE_AREAS];
	uint32_t chunks[TRACE_AREAS];
	uint32_t per_chunk[TRACE_AREAS];
};

struct reach_arena {
	unsigned char *start, *at, *end;
};

int reach_arena_open(struct reach_arena *arena, uint64_t size);
void *reach_arena_take(struct reach_arena *arena, uint64_t size);

int reach_file_open(struct reach_file *file, const struct reach_cut *cut, struct reach_arena *arena);

static inline void *reach_element(const struct reach_file *file, enum trace_area area, uint64_t i,
				  uint32_t size)
{
	uint64_t chunk = i / file->per_chunk[area];

	return chunk < file->chunks[area] && file->chunk[area][chunk]
		       ? file->chunk[area][chunk] + (i % file->per_chunk[area]) * size
		       : 0;
}

/* Gathers, sorts, and builds the directory. Returns 0 or a negative number: no memory. */
int reach_blocks_open(struct reach_blocks *b, const struct reach_cut *cut, const struct reach_file *file,
		      struct reach_arena *arena);

/* Where to begin the search for a word: the first block in its granule. -1: there is none. */
static inline int64_t reach_first(const struct reach_blocks *b, uint64_t word)
{
	if (__builtin_expect(word - b->low >= b->span, 1))
		return -1;
	uint32_t top = b->top[word >> REACH_LEAF];
	uint32_t i;

	if (top & 1) {
		i = top >> 1;
	} else {
		if (!top)
			return -1;
		i = b->leaves[((uint64_t)(top >> 1) << (REACH_LEAF - REACH_GRANULE)) +
			      ((word & ((1u << REACH_LEAF) - 1)) >> REACH_GRANULE)];
		if (!i)
			return -1;
		i--;
	}
	return i;
}

/* The number of the block that `word` points into, -1 if there is none. */
static inline int64_t reach_find(const struct reach_blocks *b, uint64_t word)
{
	int64_t i = reach_first(b, word);

	for (; i >= 0 && i < b->count && b->entry[i].address <= word; i++)
		if (word - b->entry[i].address < b->entry[i].size)
			return i;
	return -1;
}

/* Or right behind the end of: C lets a program keep such a pointer, and no other block begins there. */
static inline int64_t reach_find_or_end(const struct reach_blocks *b, uint64_t word)
{
	int64_t i = reach_first(b, word);

	for (; __builtin_expect(i >= 0, 0) && i < b->count && b->entry[i].address <= word; i++) {
		uint64_t offset = word - b->entry[i].address;

		if (offset < b->entry[i].size || (offset == b->entry[i].size && !(b->flag[i] & REACH_FOLLOWED)))
			return i;
	}
	return -1;
}

/* The first block that ends above `address`; count if there is none. */
uint32_t reach_above(const struct reach_blocks *b, uint64_t address);
#endif
