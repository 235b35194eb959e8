/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OVERDUE_H
#define LEAKSHIM_OVERDUE_H
/*
 * What a living process keeps far longer than it usually keeps what is made at the same place, whether it can be reached or
 * not.
 *
 * 1. At least LATE_RELEASED from there were let go: their lifetimes are the measure. What is alive is overdue if it is older
 *    than ten times their p99, than any of them became, and than a second.
 * 2. At least LATE_COUNT are, and more of them come: a cache that was filled once, a pool that has reached its size, and
 *    what is made at the start stay silent. Whether more come is told by the times of birth of what has outlived its time.
 * 3. At the end of a program nothing is overdue.
 */
#include "late.h"
#include "suppress.h"
#include "work.h"

void overdue_find(struct work *w, struct diagnosis *d, struct suppressions *suppressions);
#endif
