/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_POKE_H
#define LEAKSHIM_POKE_H
/*
 * Memory of modules, read where it may not be mapped and written whatever its protection is: through /proc/self/mem, so that
 * no page changes its protection; only where that is not allowed, mprotect opens the page for a moment.
 *
 * Context: constructor or r_brk, under the lock of the caller. No descriptor outlives poke_end.
 */
#include <stddef.h>
#include <stdint.h>

/* Opens /proc/self/mem. Returns 0, or -errno (writing will then use mprotect). */
int poke_begin(void);
void poke_end(void);

/* Copies memory that may not be mapped. Returns 0, or -1. Between poke_begin and poke_end. */
int poke_read(uintptr_t from, void *to, size_t size);

/* Writes into memory of a module that is mapped privately, whatever its protection. Returns 0, or -1. */
int poke_write(uintptr_t to, const void *from, size_t size);
#endif
