/* SPDX-License-Identifier: MIT */
/*
 * malloc, calloc, realloc and free as the program calls them: where only a sample is
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

/* The thread's state if it samples (or follows nothing) and no other level was asked for. */
static inline struct thread *sampling(void)
{
	struct thread *t = thread_current;

	if ((uintptr_t)t > 1 && t->mode == THREAD_SAMPLE && t->level == state.header->level)
		return t;
	return 0;
}

/* Counts a block of `size` bytes. Returns 1 if it is not to be followed. */
static inline int skipped(struct thread *t, size_t size)
{
	int64_t left = t->countdown - (int64_t)size;

	if (!LIKELY(left > 0) || !LIKELY(size < SAMPLE_HUGE))
		return 0;
	t->countdown = left;
	return 1;
}

API void *malloc(size_t size)
{
	struct thread *t = sampling();

	if (t && skipped(t, size))
		return real.malloc(size);
	return interpose_malloc(size);
}

API void *calloc(size_t count, size_t size)
{
	struct thread *t = sampling();
	size_t all;

	if (t && !__builtin_mul_overflow(count, size, &all) && skipped(t, all))
		return real.calloc(count, size);
	return interpose_calloc(count, size);
}

API void *realloc(void *p, size_t size)
{
	struct thread *t = sampling();

	if (t && !real_is_early(p) && !sample_may_follow((uintptr_t)p) && skipped(t, size))
		return real.realloc(p, size);
	return interpose_realloc(p, size);
}

API void free(void *p)
{
	if (sampling() && !real_is_early(p) && !sample_may_follow((uintptr_t)p))
		real.free(p);
	else
		interpose_free(p);
}

/* Our malloc by a name that cannot be bound to another library's. */
__asm__(".globl entry_malloc\n.hidden entry_malloc\n.set entry_malloc, malloc");
