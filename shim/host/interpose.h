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

/* Takes a block out and frees it: a whole operator delete, whose frame address this is. */
void interpose_let_go(void *p, uint32_t family, const uintptr_t *frame);

/* What the name of a function of the malloc family means in the program: ours, or that of a library before us. 0: it is
 * none of them. *next: the real one. */
void *interpose_function(const char *name, void **next);

/* The family that a call of malloc or free from `pc` belongs to: inside a real operator new or
 * delete that was let through, the operator's. */
uint32_t interpose_family(uintptr_t pc);

/* operator new and delete, in the order of their names in interpose_new.c. */
enum interpose_operator {
	OPERATOR_NEW, OPERATOR_NEW_ARRAY, OPERATOR_NEW_NOTHROW, OPERATOR_NEW_ARRAY_NOTHROW,
	OPERATOR_NEW_ALIGN, OPERATOR_NEW_ARRAY_ALIGN, OPERATOR_NEW_ALIGN_NOTHROW,
	OPERATOR_NEW_ARRAY_ALIGN_NOTHROW, OPERATOR_DELETE, OPERATOR_DELETE_ARRAY, OPERATOR_DELETE_SIZE,
	OPERATOR_DELETE_ARRAY_SIZE, OPERATOR_DELETE_NOTHROW, OPERATOR_DELETE_ARRAY_NOTHROW,
	OPERATOR_DELETE_ALIGN, OPERATOR_DELETE_ARRAY_ALIGN, OPERATOR_DELETE_SIZE_ALIGN,
	OPERATOR_DELETE_ARRAY_SIZE_ALIGN, OPERATOR_DELETE_ALIGN_NOTHROW,
	OPERATOR_DELETE_ARRAY_ALIGN_NOTHROW, OPERATORS
};

/* Operators that are nothing but a malloc or a free; known from the first call on. */
extern uint8_t interpose_plain[OPERATORS] __attribute__((visibility("hidden")));

/* What entry.c does not let through. */
void *interpose_new(size_t size);
void *interpose_new_array(size_t size);
void interpose_delete(void *p);
void interpose_delete_array(void *p);
void interpose_delete_size(void *p, size_t size);
void interpose_delete_array_size(void *p, size_t size);

/* entry.c's malloc and free, whatever else is loaded. */
void *entry_malloc(size_t size);
void entry_free(void *p);
#endif
