/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_IDIOMS_H
#define LEAKSHIM_REACH_IDIOMS_H
/*
 * Inner pointers that stand for their block. Some are known from Valgrind and looked at one by one
 * (reach_idioms_is); others are learned (habits.h).
 * Only inside the scanning process.
 */
#include "marker.h"

/* Does a pointer `offset` bytes into block i, or right behind its end, stand for the whole of it? `from`: where it stands,
 * with the kind of root if that is one. */
int reach_idioms_is(const struct reach_marker *m, uint32_t i, uint64_t offset, uint64_t from);
#endif
