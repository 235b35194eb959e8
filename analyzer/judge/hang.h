/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_HANG_H
#define LEAKSHIM_HANG_H
/*
 * What hangs on whom. A block counts in the group of its own stack; here the groups learn how much of others
 * only they lead to, and which of them are in cycles.
 */
#include "work.h"

/* After the groups have their names and suppressions were applied. */
void hang_add(struct work *w);

/* Stacks for what the shown leaks name. */
void hang_detail(struct work *w, struct diagnosis *d);
#endif
