/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_ROOTS_H
#define LEAKSHIM_REACH_ROOTS_H
/*
 * From where the program can reach its blocks: which parts of which mappings are roots, and which
 * are the allocator's, dead, or ours. Only inside the scanning process.
 *
 *   mapped, readable, and writable (or private and anonymous)
 *   - our own data, the trace, the scan's arena
 *   - the allocator's heaps and free lists
 *   - stacks, of which only the live part counts: from the stack pointer up
 *   - stacks of threads that are gone
 */
#include "mark.h"

struct reach_roots {
	const struct reach_cut *cut;
	struct reach_marker *marker;
	const struct reach_maps *maps;
	const struct reach_arena *arena;
	struct reach_ranges general; /* subject to the holes */
	struct reach_ranges exact;   /* stacks and thread-local storage */
	struct reach_ranges heaps, holes;
	uint8_t *placed;             /* per thread of the cut: its stack was found */
	uint64_t bytes;
	uint32_t missing;
};

/* Finds them. Returns 0 or -1: no memory. */
int reach_roots_open(struct reach_roots *r, const struct reach_cut *cut, struct reach_marker *marker,
		     const struct reach_maps *maps, struct reach_arena *arena);

/* Marks all that they lead to directly. */
void reach_roots_scan(struct reach_roots *r);
#endif
