/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_IDIOMS_H
#define LEAKSHIM_REACH_IDIOMS_H
/*
 * Inner pointers that stand for their block. Some are known from Valgrind and looked at one by one
 * (reach_idioms_is); others are learned (habits.h).
 * Only inside the scanning process.
 */
#include "marker.h"

/* Is that where one could only stand behind a head with nothing after it? Such a pointer leads to its block by an idiom
 * only. */
static inline int reach_idioms_behind(const struct reach_marker *m, uint32_t i, uint64_t offset)
{
	return __builtin_expect(offset <= REACH_HEAD_MOST, 0) && offset && m->blocks->flag[i] & REACH_LONGER &&
	       offset + 1 == m->blocks->entry[i].size;
}

/* Does a pointer `offset` bytes into block i stand for the whole of it? */
int reach_idioms_is(const struct reach_marker *m, uint32_t i, uint64_t offset);
#endif
