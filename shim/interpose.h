/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_INTERPOSE_H
#define LEAKSHIM_INTERPOSE_H
/* What the exported functions share: the following halves of the malloc family. */
#include <stddef.h>
#include <stdint.h>

#include "live.h"

/* Called by a jump from the exported functions, so that their caller is ours. */
void *interpose_malloc(size_t size);
void *interpose_calloc(size_t count, size_t size);
void *interpose_realloc(void *p, size_t size);
void interpose_free(void *p);

/* For the operators of C++, which record their blocks themselves. */
void interpose_made(void *p, size_t size, uint32_t family, const struct live_caller *from);
int interpose_gone(void *p, uint32_t family, const struct live_caller *from);

/* Takes a block out and frees it: a whole operator delete. */
void interpose_let_go(void *p, uint32_t family, const struct live_caller *from);

/* The family that a call of malloc or free from `pc` belongs to: inside a real operator new or
 * delete that was let through, the operator's. */
uint32_t interpose_family(uintptr_t pc);

/* entry.c's malloc and free, whatever else is loaded. */
void *entry_malloc(size_t size);
void entry_free(void *p);
#endif
