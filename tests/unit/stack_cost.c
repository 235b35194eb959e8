/* SPDX-License-Identifier: MIT */
/*
 * What a stack costs: ours when nothing changed and when the inner frames did, next to libunwind's
 * two ways and a plain walk by unw_step. Prints ns for each, on 20 frames and more.
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "area.h"
#include "stack.h"
#include "state.h"

static struct stack_cache *cache;
static unsigned turn;
static volatile uint32_t sink;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static __attribute__((noinline)) void by_cache(void)
{
	sink = stack_capture(cache, (uintptr_t)__builtin_return_address(0),
			     (uintptr_t)__builtin_dwarf_cfa(), *(uintptr_t *)__builtin_frame_address(0));
}

static __attribute__((noinline)) void by_backtrace(void)
{
	void *pc[128];

	sink = (uint32_t)unw_backtrace(pc, 128);
}

static __attribute__((noinline)) void by_step(void)
{
	unw_context_t context;
	unw_cursor_t cursor;

	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	while (unw_step(&cursor) > 0)
		sink++;
}

static void (*way)(void);

static __attribute__((noinline)) void left(void) { way(); sink++; }
static __attribute__((noinline)) void right(void) { way(); sink += 2; }
static __attribute__((noinline)) void same(int count)
{
	while (count--) {
		left();
		sink++;
	}
}
static __attribute__((noinline)) void changing(int count)
{
	while (count--) {
		if (turn++ & 1)
			left();
		else
			right();
	}
}

static __attribute__((noinline)) void dive(int depth, void (*what)(int), int count)
{
	volatile int hold = depth;

	if (depth)
		dive(depth - 1, what, count);
	else
		what(count);
	hold++;
}

static double cost(int depth, void (*what)(int), void (*with)(void), int count)
{
	double start;

	way = with;
	dive(depth, what, count / 10 + 1);
	start = now();
	dive(depth, what, count);
	return (now() - start) / count;
}

int main(void)
{
	static const int depths[] = {14, 94};
	char stack;

	if (area_open("none") || stack_start())
		return 1;
	state.tracing = 1;
	cache = area_private(sizeof(*cache), 1);
	stack_bounds(cache, (uintptr_t)&stack, (uintptr_t)&stack + (1 << 20));
	for (int i = 0; i < 2; i++) {
		double steady = cost(depths[i], same, by_cache, 4000000);

		printf("%3u frames: same %.1f ns, one changed %.1f ns, unw_backtrace %.0f ns, unw_step %.0f ns\n",
		       cache->depth, steady, cost(depths[i], changing, by_cache, 2000000),
		       cost(depths[i], same, by_backtrace, 200000), cost(depths[i], same, by_step, 20000));
	}
	return 0;
}
