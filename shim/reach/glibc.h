/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_GLIBC_H
#define LEAKSHIM_REACH_GLIBC_H
/*
 * Where glibc keeps its heap and its threads. The allocator's own memory is no root: what lies in
 * free chunks is stale. Found by what its memory looks like, every guess checked against
 * neighbouring facts; a guess that fails leaves the memory a root.
 * Only inside the scanning process.
 */
#include "maps.h"
#include "pages.h"

/* Adds the heaps (brk, arenas, mapped chunks of followed blocks) to `heaps`, all of them to `holes`. */
void reach_glibc_heaps(const struct reach_maps *maps, const struct reach_blocks *blocks, struct reach_pages *pages,
		       struct reach_ranges *heaps, struct reach_ranges *holes);

/* The allocator's lists of free chunks in libc's own data: no root. */
void reach_glibc_bins(const struct reach_map *data, struct reach_ranges *holes);

/* A thread descriptor at `at`, which is known to be readable up to `end`: the bounds of the stack
 * that it belongs to. Returns 0 if it is none. */
int reach_glibc_descriptor(uintptr_t at, uintptr_t end, uintptr_t *low, uintptr_t *high);

/* Where a thread that has ended, and was neither detached nor joined, keeps what it returned; 0: not to be told. */
uintptr_t reach_glibc_result(const struct reach_maps *maps, uintptr_t at, uintptr_t end);

/* Is the chunk of an unfollowed piece of heap in use? The piece ends at `end`, its heap at `limit`.
 * Returns the next chunk, which may be `end`; 0: not to be told. */
uintptr_t reach_glibc_next(uintptr_t chunk, uintptr_t end, uintptr_t limit, int *in_use);
#endif
