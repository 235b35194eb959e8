/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_UNREAD_H
#define LEAKSHIM_REACH_UNREAD_H
/*
 * What a scan wanted to read and could not: notes in the trace, equal ones joined. A block that nothing else leads to may
 * be held from there: it is not lost, nobody knows.
 * Only inside the scanning process.
 */
#include "blocks.h"
#include "maps.h"

struct reach_unread {
	const struct reach_file *file;
	uint32_t scan;
	uint32_t count;
	uint64_t first; /* where the first of it begins */
	uint64_t end;   /* of the latest */
	int is_told; /* all was noted before: nothing is now */
};

void reach_unread_open(struct reach_unread *u, const struct reach_file *file, uint32_t scan);

/* `map`: that it belongs to, 0: none. */
void reach_unread_note(struct reach_unread *u, enum trace_unread_kind kind, const struct reach_map *map, uintptr_t start,
		       uint64_t size);
#endif
