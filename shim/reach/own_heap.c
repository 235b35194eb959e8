/* SPDX-License-Identifier: MIT */
#include "own_heap.h"

#include <errno.h>
#include <unistd.h>

#include "real.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define YIELDS 1000
#define API __attribute__((visibility("default")))

struct reach_region own_heap_parts[OWN_HEAP_PARTS];
uint32_t own_heap_count;
static uint32_t lock;

/* The break moved on the program's behalf. What lies above it is nobody's. */
static void moved(uintptr_t from, uintptr_t to)
{
	if (!state_lock_within(&lock, YIELDS)) /* held for ever in the child of a fork, if at all */
		return;
	uint32_t n = own_heap_count;

	for (; n && to < from && own_heap_parts[n - 1].start >= to; n--)
		continue;
	struct reach_region *last = n ? &own_heap_parts[n - 1] : 0;
	if (last && last->start + last->size > to)
		last->size = to - last->start;
	if (to > from && last && (last->start + last->size == from || n == OWN_HEAP_PARTS))
		last->size = to - last->start;
	else if (to > from)
		own_heap_parts[n++] = (struct reach_region){from, to - from};
	__atomic_store_n(&own_heap_count, n, __ATOMIC_RELEASE);
	state_unlock(&lock);
}

API void *sbrk(intptr_t change)
{
	static void *(*next)(intptr_t);

	if (!next)
		next = (__typeof__(next))real_next("sbrk");
	if (!next) {
		errno = ENOMEM;
		return (void *)-1;
	}
	void *before = next(change);
	if (before != (void *)-1 && change)
		moved((uintptr_t)before, (uintptr_t)before + (uintptr_t)change);
	return before;
}

API int brk(void *end)
{
	static int (*next)(void *);
	uintptr_t before = (uintptr_t)sys_call3(SYS_brk, 0, 0, 0);

	if (!next)
		next = (__typeof__(next))real_next("brk");
	if (!next) {
		errno = ENOMEM;
		return -1;
	}
	int result = next(end);
	if (!result && (uintptr_t)end != before)
		moved(before, (uintptr_t)end);
	return result;
}

long own_heap_break(long (*call)(long, ...), uintptr_t end)
{
	uintptr_t before = (uintptr_t)sys_call3(SYS_brk, 0, 0, 0);
	uintptr_t after = (uintptr_t)call(SYS_brk, end);

	if (after != before && after == end)
		moved(before, after);
	return (long)after;
}
