/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_KEEPERS_H
#define LEAKSHIM_REACH_KEEPERS_H
/*
 * Who keeps what libc gave (TRACE_TYPE_HANDLE)? Words of the program are counted, those of libc and the loader are not, which
 * know all of it. After the marking, and only if anything of that kind is alive. A number that is small may be found
 * where it means something else: then it counts as kept.
 * Only inside the scanning process.
 */
#include "mark.h"
#include "roots.h"

#define REACH_KEEPERS_PARTS 8u

struct reach_keepers {
	struct reach_marker *marker;
	uint64_t low, span;    /* of the words that are addresses */
	uint64_t numbers;      /* one more than the greatest of those that are numbers */
	uint64_t *word;        /* a hash table of power-of-two size; 0: free, else the word + 1 */
	uint32_t *found;
	uint32_t mask;
	uint32_t part_count;
	struct reach_region part[REACH_KEEPERS_PARTS]; /* of libc, the loader, and us */
};

/* Counts, and notes it for each of them. */
void reach_keepers_note(const struct reach_cut *cut, const struct reach_file *file, struct reach_roots *roots,
			struct reach_arena *arena);
#endif
