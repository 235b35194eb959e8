/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_COUNTS_H
#define LEAKSHIM_REACH_COUNTS_H
/*
 * Counts beside pointers: how many references an object says it has, and how many words of the program lead
 * to it, at one cut. Every reference that somebody will let go is in a pointer; where there are fewer
 * pointers than references, one of them was forgotten.
 * Only inside the scanning process.
 */
#include "mark.h"

/* Before the marking: where in their blocks resources begin, and which of them are loose. Returns 0 or -1: no memory. */
int reach_counts_open(const struct reach_cut *cut, const struct reach_file *file, struct reach_marker *m,
		      struct reach_arena *arena);

/* Notes both for each resource whose count can be believed and all of whose block's pointers were looked for; and at the end, which
 * lie where one of the allocator's `heaps` has no block. */
void reach_counts_note(const struct reach_cut *cut, const struct reach_file *file, const struct reach_marker *m,
		       const struct reach_ranges *heaps);

/* What a lost block is worth as the one to tell of (heads.h), by entry; 0: a block like others. */
enum reach_rank {
	REACH_RANK_CONTAINER = 1,
	REACH_RANK_RESOURCE = 2,
	REACH_RANK_SURE = 3 /* its count exceeds the pointers to it */
};

/* Fills `rank`. Returns how many are not 0. */
uint32_t reach_counts_rank(const struct reach_cut *cut, const struct reach_file *file, const struct reach_marker *m,
			   uint8_t *rank);
#endif
