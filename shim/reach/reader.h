/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_READER_H
#define LEAKSHIM_REACH_READER_H
/*
 * Reading memory of the cut, each mapping in the way that it needs:
 *   plain memory        by loads, pages that were never written to left out
 *   mapped files        through the kernel: they may have become shorter. Of a private one only what was written to; of a
 *                       large shared one what the program has in its page tables
 *   without access      through the kernel, which does not mind
 *   not copied, wiped   through the kernel, in the program itself
 *   left out of an image  the same, by the image's descriptors
 *   devices             never
 * What could not be read is noted, and does not count as empty.
 *
 * Only inside the scanning process.
 */
#include "pages.h"
#include "program.h"
#include "unread.h"

struct reach_reader {
	const struct reach_maps *maps;
	struct reach_pages *pages;
	struct reach_pages *program_pages; /* a copy has no page tables of what is shared */
	struct reach_unread *unread;
	unsigned char *buffer;
	int is_copy;
	const struct reach_image *image; /* 0: none */
	char program[PROGRAM_PATH]; /* "": hidden from us */
};

/* What was read: words, and where they stand. */
typedef void reach_reader_run(void *context, const uint64_t *words, uint64_t count, uintptr_t at);

/* Returns 0 or -1: no memory. pid 0: not in a copy of the program; but in an image, if there is one. */
int reach_reader_open(struct reach_reader *r, const struct reach_maps *maps, struct reach_pages *pages,
		      struct reach_unread *unread, uint32_t pid, const struct reach_image *image, struct reach_arena *arena);

/* Reads [start, end) as far as it is mapped. */
void reach_reader_read(struct reach_reader *r, uintptr_t start, uintptr_t end, reach_reader_run *run, void *context);
#endif
