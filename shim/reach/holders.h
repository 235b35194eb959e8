/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_HOLDERS_H
#define LEAKSHIM_HOLDERS_H
/*
 * Who holds one block: a small scan that only seeks pointers to it.
 *
 * The calling thread's registers and stack, the living blocks of the heap, and all other memory that can be written:
 * globals, stacks of other threads as far as they lie (nobody stops them), mappings. Memory is read through the kernel, so
 * that what another thread unmaps meanwhile is no fault.
 *
 * Law: addresses of the block are kept inverted here, so that no copy of ours counts as one of the program's.
 *
 * Context: the caller has entered the thread's state. Raw system calls; private memory of its own. One at a time.
 */
#include <stddef.h>
#include <stdint.h>
#include "containers.h"
#include "trace.h"

struct holders_question {
	uintptr_t hidden; /* ~address */
	uint64_t size;
	uintptr_t except, except_end; /* what does not count: a block that is being let go */
	uintptr_t stack, stack_end;   /* of the calling thread, in use; 0: it has none any more */
	uintptr_t dead, dead_end;     /* the rest of that stack */
	const uintptr_t *saved;       /* its registers, inverted, and what else may be one */
	uint32_t saved_count;
	uintptr_t unused[2], unused_end[2]; /* parts of a block that a container has given up: do not count */
	int is_slow; /* the calling thread is asked first, not last: less is read, and copies that a function left behind come before what lasts */
	uint64_t room; /* not 0: a container is sought that keeps its elements in the block, which is so large */
};

struct holders_answer {
	enum trace_holder what; /* UNKNOWN: nothing holds it */
	uintptr_t at;           /* the word that does */
	uint32_t slot;          /* BLOCK: which */
	enum container_kind container;
};

/* Returns 0 or -1: it could not be told. */
int holders_find(const struct holders_question *q, struct holders_answer *a);

/* Reads memory of ours. Returns how many bytes, 0: none can be read. */
uint32_t holders_read(void *to, uintptr_t from, size_t size);

/* Does a word of memory still lead into the block? 1, 0, or -1: it cannot be read. */
int holders_still(uintptr_t at, uintptr_t hidden, uint64_t size);
#endif
