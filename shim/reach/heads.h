/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_HEADS_H
#define LEAKSHIM_REACH_HEADS_H
/*
 * Which of several lost blocks that lead to one another is the one to tell of? In this order:
 *   1. a resource whose count exceeds the pointers to it: somebody forgot a reference to just this one, so
 *      it is a head even if another lost block leads to it
 *   2. another resource, one that only holds others (role=container) last
 *   3. the one whose stack was the first to make anything: the object before its parts, and the same kind in
 *      each of many cycles, whatever their addresses
 *   4. the one made first
 */
#include "blocks.h"
#include "mark.h"

/* Passes 3 and 4. Returns 0 or -1: no memory. */
int reach_heads_choose(struct reach_marker *m, const struct reach_cut *cut, const struct reach_file *file,
		       struct reach_arena *arena);
#endif
