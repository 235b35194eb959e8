/* SPDX-License-Identifier: MIT */
/* Poisson sampling by bytes. The idea is in sample.h. */
#include "sample.h"

#include <linux/membarrier.h>

#include "area.h"
#include "real.h"
#include "settings.h"
#include "sys.h"
#include "rules.h"

#define PAGE 4096u /* whose cell sample_cell finds */

void sample_start(void)
{
	state.header->sample_bytes[1] = settings.sample;
	state.header->rates_used = 2;
}

uint32_t sample_rate(void)
{
	return 1;
}

static uint64_t draw(struct thread *t)
{
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return t->random * 0x2545f4914f6cdd1dull;
}

/* Natural logarithm for x in (0, 1], relative error below 1e-9: exponent from the bits, the rest by
 * the series of artanh. libm is not ours to load into a program. */
static double log_of(double x)
{
	union {
		double d;
		uint64_t bits;
	} u = {x};
	int exponent = (int)(u.bits >> 52 & 2047) - 1023;

	u.bits = (u.bits & 0xfffffffffffffull) | 1023ull << 52;
	double y = (u.d - 1) / (u.d + 1), y2 = y * y, term = y, sum = 0;
	for (int k = 1; k < 30; k += 2) {
		sum += term / k;
		term *= y2;
	}
	return 2 * sum + exponent * 0.69314718055994530942;
}

static int64_t distance(struct thread *t)
{
	double u = (double)((draw(t) >> 11) + 1) * 0x1p-53;

	return (int64_t)(-log_of(u) * (double)state.header->sample_bytes[sample_rate()]) + 1;
}

int sample_hit(struct thread *t, uint64_t size)
{
	if (trace_level(state.header) == TRACE_LEVEL_DISABLED) {
		t->countdown = INT64_MAX / 2;
		return 0;
	}
	if (t->countdown > INT64_MAX / 4) /* left from a time when nothing was followed */
		t->countdown = 0;
	if (!t->countdown)
		t->countdown = distance(t);
	if (size > INT64_MAX / 2)
		size = INT64_MAX / 2;
	t->countdown -= (int64_t)size;
	if (t->countdown > 0)
		return 0;
	t->countdown = distance(t); /* the process has no memory: start anew behind this block */
	return 1;
}

/* Every thread has seen what this one wrote before, and what it writes from now on comes later. */
static void barrier_everywhere(void)
{
	sys_call3(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0);
}

static void stick_all(void)
{
	for (uintptr_t at = 0; at < REAL_EARLY_SIZE + PAGE; at += PAGE)
		sample_stick((uintptr_t)real_early_arena + (at < REAL_EARLY_SIZE ? at : REAL_EARLY_SIZE - 1));
	if (!__atomic_load_n(&thread_state.followed_all, __ATOMIC_SEQ_CST))
		return;
	barrier_everywhere(); /* takes ten milliseconds and more */
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_BLOCK].used;
	for (uint32_t i = 1; i < used; i++) {
		struct trace_block *b = state_block(i);
		uintptr_t address = trace_block_address(b);

		if (address && !trace_block_rate(b))
			sample_stick(address);
	}
}

int sample_filter(void)
{
	uint32_t word = state.header->level;

	if (sample_state.filter && sample_state.filter_word == word)
		return 1;
	state_lock(&sample_state.lock);
	if (!sample_state.filter || sample_state.filter_word != word) {
		unsigned char *filter = sample_state.filter;

		if (!filter)
			filter = area_private(1u << SAMPLE_FILTER_SHIFT, 0);
		if (filter) {
			sample_state.filter_building = filter;
			stick_all();
			sample_state.filter_word = word;
			__atomic_store_n(&sample_state.filter, filter, __ATOMIC_RELEASE);
		}
	}
	state_unlock(&sample_state.lock);
	return sample_state.filter != 0;
}

void sample_count(uintptr_t address, int change)
{
	unsigned char *filter = sample_state.filter;

	if (!filter)
		return;
	unsigned char *cell = sample_cell(filter, address), old = *cell;
	do
		if (old == SAMPLE_STICKY || (!old && change < 0))
			return;
	while (!__atomic_compare_exchange_n(cell, &old, (unsigned char)(old + change), 0, __ATOMIC_RELAXED,
					    __ATOMIC_RELAXED));
}

void sample_stick(uintptr_t address)
{
	if (sample_state.filter_building)
		__atomic_store_n(sample_cell(sample_state.filter_building, address), SAMPLE_STICKY, __ATOMIC_RELAXED);
}
