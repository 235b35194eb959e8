/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_MARK_H
#define LEAKSHIM_REACH_MARK_H
/*
 * Following pointers, in four passes:
 *   1. from the roots, by pointers to starts: reachable; what only an inner pointer leads to is noted
 *   2. from those: possible; what hangs on them is indirect
 *   3. through the rest, one after the other: whoever is not led to from an earlier one is a head
 *   4. back from the last head: whoever a later head leads to is none. What remains is one head for
 *      each tree and one for each cycle that nothing leads to: definite; the others are indirect.
 *   Pass 3 is repeated where it has learned more: who is a resource's head, and which inner pointers lead to a block that
 *   another one leads to properly. Those are not followed then.
 *   The order of 3 is that of heads.h, so that the head of a cycle is the one that a person would name.
 *
 * Why 4 is right: a group of blocks that all lead to one another, with nothing from outside, gets a
 * head in pass 3, for nothing else can lead to its first block. A head outside such a group is led
 * to from one, and not by an earlier head, or it would be none.
 */
#include "marker.h"

void reach_mark_open(struct reach_marker *m, struct reach_blocks *blocks, const struct reach_maps *maps,
		    struct reach_reader *reader);

/* Pass 1: words of a root. `at` is where they stand, or stood if `words` is a copy. */
void reach_mark_words(struct reach_marker *m, const uint64_t *words, uint64_t count, uintptr_t at,
		      uint32_t root);

/* A block that is a root itself. */
void reach_mark_block(struct reach_marker *m, uint32_t entry, uint32_t root);

/* A possible block is reachable after all. */
void reach_mark_promote(struct reach_marker *m, uint32_t entry);

/* Follows what was found so far, to the end of pass 1. */
void reach_mark_follow(struct reach_marker *m);

/* Pass 2. */
void reach_mark_possible(struct reach_marker *m);

/* Pass 3 through the entries that are left, in the order given. */
void reach_mark_heads(struct reach_marker *m, const uint32_t *order, uint32_t count);

/* Pass 3 once more, with another order, no longer counting pointers. */
void reach_mark_again(struct reach_marker *m, const uint32_t *order, uint32_t count);

/* Pass 4. The first `sure` of the order are heads whoever leads to them. */
void reach_mark_lost(struct reach_marker *m, const uint32_t *order, uint32_t sure);

/* Gives the words of all reachable blocks to m->see, but for those that libc or the loader made for themselves. */
void reach_mark_see(struct reach_marker *m);
#endif
