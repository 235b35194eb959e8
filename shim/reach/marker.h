/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_MARKER_H
#define LEAKSHIM_REACH_MARKER_H
/*
 * What is known of each block while pointers are followed. mark.h says in which passes.
 */
#include <stdint.h>
#include "maps.h"
#include "reader.h"

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
	uint32_t *before;     /* bytes before it that are its own: a thread's stack; 0 for all else */
	uint8_t *pointers;    /* at most 255 */
	uint32_t mask;
};

#define REACH_ROOT_SHIFT 48 /* where a word stands that leads to a block: above that, the kind of root, 0: a block */
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
	struct reach_reader *reader;
	uint8_t *pointers;   /* per block: words anywhere that lead into it, at most 255; 0: not wanted */
	uint32_t *contents;  /* per block: how far inside it a resource begins, REACH_SEVERAL; 0: not wanted */
	struct reach_loose *loose; /* 0: there are none */
	uint32_t *stack;
	uint32_t depth;
	uint32_t *heads;
	uint32_t head_count;
	int heuristics;      /* look for idioms */
	int is_tagged;       /* the low three bits of a word may say something else */
	uint32_t owner;      /* entry number + 1, in passes 2 and 4 */
	uint32_t scanned;    /* the entry whose words are looked at */
	int is_doubting;     /* pass 3 met an inner pointer between lost ones that is no idiom */
	int pass;
	/* not 0: words are given to it instead of being followed */
	void (*see)(void *seer, const uint64_t *words, uint64_t count, uint64_t from);
	void *seer;
	uint64_t mask;       /* of the bits of a word that are an address */
	uint64_t read;       /* bytes of blocks */
};

#endif
