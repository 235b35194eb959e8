/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_MARK_H
#define LEAKSHIM_REACH_MARK_H
/*
 * Following pointers, in four passes:
 *   1. from the roots, by pointers to starts: reachable; what only an inner pointer leads to is noted
 *   2. from those: possible; what hangs on them is indirect
 *   3. through the rest in order of address: whoever is not led to from an earlier one is a head
 *   4. back from the last head: whoever a later head leads to is none. What remains is one head for
 *      each tree and one for each cycle that nothing leads to: definite; the others are indirect.
 *
 * Why 4 is right: a group of blocks that all lead to one another, with nothing from outside, gets a
 * head in pass 3, for nothing else can lead to its first block. A head outside such a group is led
 * to from one, and not by an earlier head, or it would be none.
 */
#include <stdint.h>
#include "maps.h"
#include "pages.h"

enum reach_mark {
	REACH_UNSEEN = 0,
	REACH_REACHABLE,
	REACH_POSSIBLE,
	REACH_DRAGGED,  /* by a possible one, or after pass 4 by a definite one */
	REACH_PASSED,   /* pass 3 */
	REACH_DEFINITE
};

/* Resources that share a block, or lie in none: words that lead to their starts are counted one by one. */
struct reach_loose {
	uint64_t low, span;   /* of their addresses */
	uint64_t *address;    /* a hash table of power-of-two size; 0: free */
	uint32_t *size;       /* of the resource: words inside it do not lead to it */
	uint8_t *pointers;    /* at most 255 */
	uint32_t mask;
};

#define REACH_SEVERAL UINT32_MAX /* a pointer to any place in such a block stands for it */

/* The place of an address, or the free one where it would be. */
static inline uint32_t reach_loose_place(const struct reach_loose *l, uint64_t address)
{
	uint32_t at = (uint32_t)(address * 0x9e3779b97f4a7c15u >> 32) & l->mask;

	while (l->address[at] && l->address[at] != address)
		at = (at + 1) & l->mask;
	return at;
}

struct reach_marker {
	struct reach_blocks *blocks;
	const struct reach_maps *maps;
	struct reach_pages *pages;
	uint8_t *pointers;   /* per block: words anywhere that lead into it, at most 255; 0: not wanted */
	uint32_t *contents;  /* per block: how far inside it a resource begins, REACH_SEVERAL; 0: not wanted */
	struct reach_loose *loose; /* 0: there are none */
	uint32_t *stack;
	uint32_t depth;
	uint32_t *heads;
	uint32_t head_count;
	int heuristics;      /* look for idioms */
	uint32_t owner;      /* entry number + 1, in passes 2 and 4 */
	int pass;
	uint64_t mask;       /* of the bits of a word that are an address */
	uint64_t read;       /* bytes of blocks */
};

int reach_mark_open(struct reach_marker *m, struct reach_blocks *blocks, const struct reach_maps *maps,
		    struct reach_pages *pages, struct reach_arena *arena);

/* Pass 1: words of a root. `at` is where they stand, or stood if `words` is a copy. */
void reach_mark_words(struct reach_marker *m, const uint64_t *words, uint64_t count, uintptr_t at,
		      uint32_t root);

/* A block that is a root itself. */
void reach_mark_block(struct reach_marker *m, uint32_t entry, uint32_t root);

/* A possible block is reachable after all. */
void reach_mark_promote(struct reach_marker *m, uint32_t entry);

/* Follows what was found so far, to the end of pass 1. */
void reach_mark_follow(struct reach_marker *m);

/* Passes 2 to 4. */
void reach_mark_rest(struct reach_marker *m);
#endif
