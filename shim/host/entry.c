/* SPDX-License-Identifier: MIT */
/*
 * malloc, calloc, realloc, free, new and delete as the program calls them: where only a sample is
 * followed, or nothing, almost every call is let through by a jump, without a frame of ours.
 *
 * What is to be followed goes on to interpose.c by a jump too, which therefore finds the
 * program's return address and registers where the program left them.
 */
#include <malloc.h>
#include <stdlib.h>

#include "interpose.h"
#include "real.h"
#include "sample.h"
#include "thread.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)

API void *malloc(size_t size)
{
	struct thread *t = sample_thread();

	if (LIKELY(t) && LIKELY(sample_skips(t, size)))
		return real.malloc(size);
	return interpose_malloc(size);
}

API void *calloc(size_t count, size_t size)
{
	struct thread *t = sample_thread();
	size_t all;

	if (t && !__builtin_mul_overflow(count, size, &all) && sample_skips(t, all))
		return real.calloc(count, size);
	return interpose_calloc(count, size);
}

API void *realloc(void *p, size_t size)
{
	struct thread *t = sample_thread();

	if (t && !sample_may_follow((uintptr_t)p) && sample_skips(t, size))
		return real.realloc(p, size);
	return interpose_realloc(p, size);
}

API void free(void *p)
{
	if (LIKELY(sample_thread()) && LIKELY(!sample_may_follow((uintptr_t)p)))
		real.free(p);
	else
		interpose_free(p);
}

/* 1: this free of a plain operator is none of ours. */
static inline int is_let_go(void *p, enum interpose_operator o)
{
	return interpose_plain[o] && sample_thread() && !sample_may_follow((uintptr_t)p);
}

#define DEFINE_NEW(symbol, slow, which)                                                                   \
	API void *symbol(size_t size);                                                             \
	API void *symbol(size_t size)                                                              \
	{                                                                                          \
		struct thread *t = sample_thread();                                                \
		void *p;                                                                           \
												   \
		if (t && interpose_plain[which] && !t->quiet_new && size && sample_skips(t, size) &&   \
		    (p = real.malloc(size)))                                                       \
			return p;                                                                  \
		return slow(size);                                                                 \
	}

DEFINE_NEW(_Znwm, interpose_new, OPERATOR_NEW)
DEFINE_NEW(_Znam, interpose_new_array, OPERATOR_NEW_ARRAY)

#define DEFINE_DELETE(symbol, which, parameters, slow)                                                    \
	API void symbol parameters;                                                                \
	API void symbol parameters                                                                 \
	{                                                                                          \
		if (is_let_go(p, which))                                                           \
			real.free(p);                                                              \
		else                                                                               \
			slow;                                                                      \
	}

DEFINE_DELETE(_ZdlPv, OPERATOR_DELETE, (void *p), interpose_delete(p))
DEFINE_DELETE(_ZdaPv, OPERATOR_DELETE_ARRAY, (void *p), interpose_delete_array(p))
DEFINE_DELETE(_ZdlPvm, OPERATOR_DELETE_SIZE, (void *p, size_t size), interpose_delete_size(p, size))
DEFINE_DELETE(_ZdaPvm, OPERATOR_DELETE_ARRAY_SIZE, (void *p, size_t size), interpose_delete_array_size(p, size))

/* Our malloc and free by names that cannot be bound to another library's. */
__asm__(".globl entry_malloc\n.hidden entry_malloc\n.set entry_malloc, malloc");
__asm__(".globl entry_free\n.hidden entry_free\n.set entry_free, free");
