/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_PAGES_H
#define LEAKSHIM_REACH_PAGES_H
/*
 * Which pages can hold anything. The others are zeros, or as their file has them; there can be very many of them,
 * and reading one gives it a page table. So what a look costs follows what is resident, not what is reserved.
 *
 * Asked of the kernel by PAGEMAP_SCAN (6.7), which leaves out at once what has no page table: 16 TiB in 2 ms. Before that
 * a copy cuts large mappings into pieces, of which /proc/self/smaps tells how much is resident, and looks at the pages of
 * those that are not empty: by mincore if nothing is swapped out, else by /proc/self/pagemap.
 * Only inside the scanning process.
 */
#include <stdint.h>
#include "blocks.h"

#define REACH_PAGES_LEAST (64u * 1024) /* smaller ranges are not worth a look-up */

enum reach_pages_kind {
	REACH_PAGES_TOUCHED, /* that were ever written to, or read */
	REACH_PAGES_OWN      /* of these, those that are no file's */
};

struct reach_pages {
	uint64_t *words; /* scratch */
	long pagemap;    /* its descriptor, or -errno */
	int is_own;      /* of this process, */
	int is_copy;     /* which is one of the program: its mappings are ours to cut */
	int can_scan;    /* the kernel has PAGEMAP_SCAN */
	int knows_guards;
	int is_swapping; /* some page of the system may be swapped out */
};

/* Of this process, which may be a copy, or of the one whose /proc/PID/pagemap is named. Returns 0 or -1: no memory. Without a pagemap
 * all pages count as written to. */
int reach_pages_open(struct reach_pages *p, const char *pagemap, int is_copy, struct reach_arena *arena);

/* Of the process that a descriptor of its pagemap, or -errno, belongs to. */
int reach_pages_open_of(struct reach_pages *p, long pagemap, int is_own, int is_copy, struct reach_arena *arena);

typedef void reach_pages_run(void *context, uintptr_t start, uintptr_t end);

/* Calls `run` for the parts of [start, end) that may hold anything. */
void reach_pages_find(struct reach_pages *p, enum reach_pages_kind kind, uintptr_t start, uintptr_t end, reach_pages_run *run,
		      void *context);

static inline void reach_pages_touched(struct reach_pages *p, uintptr_t start, uintptr_t end, reach_pages_run *run,
				       void *context)
{
	reach_pages_find(p, REACH_PAGES_TOUCHED, start, end, run, context);
}

/* Is it known that [start, end) of private memory has no page at all, here or swapped out, though pagemap may not be read? */
int reach_pages_are_none(struct reach_pages *p, uintptr_t start, uintptr_t end);
#endif
