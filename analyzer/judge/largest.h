/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LARGEST_H
#define LEAKSHIM_LARGEST_H
/*
 * The group of which most is still reachable, and who makes it: what a program that grows without a leak holds.
 */
#include "work.h"

void largest_find(struct work *w, struct diagnosis *d);
#endif
