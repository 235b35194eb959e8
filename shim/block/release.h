/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RELEASE_H
#define LEAKSHIM_RELEASE_H
/*
 * Where the blocks of a site are let go: what a leaked one is compared with.
 *
 * 1. The allocation decides which blocks are watched: the first ones of a site, then one in an eighth of those before,
 *    at most RELEASE_GAP_MOST apart. The entry of a watched one is odd (live_hot.h), so that every other free pays nothing.
 * 2. A thread watches one block for each RELEASE_GAP_POOR that it makes, and is lent THREAD_CREDIT of them: a
 *    program with a hundred thousand sites is not slowed down by them.
 * 3. What is kept for a site is bounded (TRACE_RELEASES).
 *
 * Context: the caller has entered the thread's state.
 */
#include <stdint.h>
#include "thread.h"

#define RELEASE_FIRST 8u	/* blocks of a site that are all watched */
#define RELEASE_GAP_MOST 1023u
#define RELEASE_GAP_POOR 64u
#define RELEASE_CREDIT_MOST (1 << 30)

/* What else is to be known of watched blocks: what a floor above registers. */
extern struct release_upper {
	/* `before`: how many others of its site were made before. Also of some that are not watched, with address 0. time: as in
	 * the block */
	void (*made)(uint32_t site, uintptr_t address, uint32_t time, uint32_t before);
	void (*gone)(uint32_t site, uintptr_t address);
} release_upper __attribute__((visibility("hidden")));

/* While few can be watched: how many blocks of a site that has `before` are made until the next one that may be looked at. */
static inline uint32_t release_wait(uint32_t before)
{
	uint32_t wait = before / 32;

	if (before < RELEASE_FIRST)
		return before ? RELEASE_FIRST - 1 - before : 0;
	return wait < RELEASE_GAP_POOR / 4 ? RELEASE_GAP_POOR / 4 : wait > RELEASE_GAP_MOST ? RELEASE_GAP_MOST : wait;
}

/* A countdown has ended: is this block, made after `before` others of its site, watched? Sets the next countdown. */
uint32_t release_watch(struct thread *t, struct thread_site *at, uint32_t before, uintptr_t address, uint32_t time);

/* A watched block of a site is let go at this node; `foreign`: not by the thread that made it. */
void release_note(uint32_t site, uint32_t node, uint64_t made_us, uint32_t foreign);
#endif
