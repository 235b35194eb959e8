/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_MUSL_H
#define LEAKSHIM_REACH_MUSL_H
/*
 * Where musl keeps its threads, by the looks of their descriptors. Its heap is nobody's to know: what holds followed
 * blocks is the allocator's, also the gaps of modules' data that it makes use of.
 * Only inside the scanning process.
 */
#include "maps.h"

#define REACH_MUSL_DESCRIPTOR 192u /* bytes of it that are looked at: it is longer */

/* A thread descriptor at `at`, which is known to be readable up to `end`: the bounds of the mapping with its stack.
 * Returns 0 if it is none. */
int reach_musl_descriptor(uintptr_t at, uintptr_t end, uintptr_t *low, uintptr_t *high);

/* The blocks that lie in the data of modules: what is in them is no root by itself. */
void reach_musl_gaps(const struct reach_maps *maps, const struct reach_blocks *blocks, struct reach_ranges *holes);
#endif
