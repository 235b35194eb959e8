/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SAMPLE_H
#define LEAKSHIM_SAMPLE_H
/*
 * Which blocks are followed at the levels simple and advanced: a Poisson process over
 * bytes. The distance to the next sample is exponentially distributed with mean
 * header->sample_bytes[rate], so a block of s bytes is hit with probability 1 - exp(-s / mean), which
 * gives the analyzer the weight that makes totals unbiased (tcmalloc's and jemalloc's scheme).
 */
#include "state.h"
#include "thread.h"

#define SAMPLE_FILTER_SHIFT 16   /* log2 of the cells in the filter */
#define SAMPLE_STICKY 255u

/* A fork wipes this. */
struct sample_part {
	unsigned char *filter, *filter_building;
	uint32_t filter_word;
	uint32_t lock; /* making a filter */
};
#define sample_state STATE_PART(sample)
STATE_PART_FITS(sample);

/* Enters the mean of the settings in the header's table. */
void sample_start(void);

/* The calling thread's state if it samples (or follows nothing) and no other level was asked for, else 0. */
static inline struct thread *sample_thread(void)
{
	struct thread *t = thread_current;

	/* the others jump on anyway: what is let through goes straight on */
	if (__builtin_expect((uintptr_t)t <= 1, 0) || __builtin_expect(t->mode != THREAD_SAMPLE, 0) ||
	    __builtin_expect(t->level != state.header->level, 0))
		return 0;
	return t;
}

/* Counts a block of `size` bytes. Returns 1 if it is not to be followed; else nothing was counted. */
static inline int sample_skips(struct thread *t, size_t size)
{
	if (__builtin_expect(size >= (uint64_t)t->countdown, 0))
		return 0;
	t->countdown -= (int64_t)size;
	return 1;
}

/* `size` more bytes were allocated. Returns 1 if this block is to be followed. */
int sample_hit(struct thread *t, uint64_t size);

/* The index of the mean in force. */
uint32_t sample_rate(void);

/*
 * Which addresses may be followed: a cell for the page of each, so that a free at the levels that
 * sample costs one look at 64 KiB of memory instead of a look-up in the index. A cell
 * counts the sampled blocks that hash to it. Blocks of a time when every one was followed
 * are not counted one by one: when sampling begins, their cells are made sticky. Those of
 * the bootstrap arena are sticky for ever: what is let through is the allocator's own.
 *
 * No thread is in mode THREAD_SAMPLE before there is a filter. Returns 0 if there is no memory for one.
 */
int sample_filter(void);

static inline unsigned char *sample_cell(unsigned char *filter, uintptr_t address)
{
	/* a cell for each page, neighbours beside each other: a heap's frees touch a few lines of the filter */
	return filter + ((address >> 12 ^ address >> (12 + SAMPLE_FILTER_SHIFT)) & ((1u << SAMPLE_FILTER_SHIFT) - 1));
}

/* For a thread in mode THREAD_SAMPLE. */
static inline int sample_may_follow(uintptr_t address)
{
	return *sample_cell(sample_state.filter, address);
}

/* A sampled block (rate not 0) is followed from now on, or no more. */
void sample_count(uintptr_t address, int change);

/* A block of rate 0 was recorded while the level changed. */
void sample_stick(uintptr_t address);
#endif
