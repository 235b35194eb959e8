/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_HABITS_H
#define LEAKSHIM_REACH_HABITS_H
/*
 * Inner pointers that are learned: where many blocks are held at the same distance from their starts, the
 * program puts a head before its data (a length, a count, a collector's links) or a list's links inside, and keeps
 * pointers behind it. It does not so with what is made where most are held by their starts: there a cursor was left behind.
 * Only inside the scanning process.
 */
#include "mark.h"

/* After pass 1: makes the blocks reachable that a learned habit holds, and follows them. */
void reach_habits_learn(struct reach_marker *m, const struct reach_file *file, struct reach_arena *arena);
#endif
