/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OVERDUE_H
#define LEAKSHIM_OVERDUE_H
/*
 * What a living process keeps far longer than it usually keeps what is made at the same place, whether it can be reached or
 * not.
 *
 * 1. At least OVERDUE_RELEASED watched ones from there were let go: their lifetimes are the measure. A block is overdue that
 *    is older than ten times their p99, than any of them became, and than a second.
 * 2. At least OVERDUE_BLOCKS are, and more of them come: a cache that was filled once, a pool that has reached its size, and
 *    what is made at the start stay silent. Whether more come is told by the times of birth of what has outlived its time.
 * 3. At the end of a program nothing is overdue.
 */
#include "suppress.h"
#include "work.h"

#define OVERDUE_RELEASED 20u
#define OVERDUE_BLOCKS 10u

void overdue_find(struct work *w, struct diagnosis *d, struct suppressions *suppressions);
#endif
