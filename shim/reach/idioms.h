/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_IDIOMS_H
#define LEAKSHIM_REACH_IDIOMS_H
/*
 * Inner pointers that stand for their block. Some are known from Valgrind and looked at one by one
 * (reach_idioms_is); others are learned: where many blocks are held at the same distance from
 * their starts, the program puts a head before its data (a length, a count, a collector's links)
 * or a list's links inside, and keeps pointers behind it.
 * Only inside the scanning process.
 */
#include "mark.h"

/* Does a pointer `offset` bytes into block i stand for the whole of it? */
int reach_idioms_is(const struct reach_marker *m, uint32_t i, uint64_t offset);

/* After pass 1: makes the blocks reachable that a learned habit holds, and follows them. */
void reach_idioms_learn(struct reach_marker *m, const struct reach_file *file, struct reach_arena *arena);
#endif
