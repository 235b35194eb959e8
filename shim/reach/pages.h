/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_PAGES_H
#define LEAKSHIM_REACH_PAGES_H
/*
 * Which private pages were ever written to, by /proc/self/pagemap. The others are zeros; there can be
 * very many of them, and reading one gives it a page table. Only inside the scanning process.
 */
#include <stdint.h>
#include "blocks.h"

#define REACH_PAGES_LEAST (64u * 1024) /* smaller ranges are not worth a look-up */

struct reach_pages {
	uint64_t *words; /* scratch */
	long pagemap;    /* its descriptor, or -errno */
};

/* Returns 0 or -1: no memory. Without a pagemap all pages count as written to. */
int reach_pages_open(struct reach_pages *p, struct reach_arena *arena);

typedef void reach_pages_run(void *context, uintptr_t start, uintptr_t end);

/* Calls `run` for the parts of [start, end) that may hold anything. */
void reach_pages_touched(struct reach_pages *p, uintptr_t start, uintptr_t end, reach_pages_run *run, void *context);
#endif
