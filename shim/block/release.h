/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RELEASE_H
#define LEAKSHIM_RELEASE_H
/*
 * Where the blocks of a site are let go: what a leaked one is compared with.
 *
 * 1. The allocation decides which blocks are watched: the first ones of a site, then one in an eighth of those before,
 *    at most RELEASE_GAP_MOST apart. The entry of a watched one is odd (live_hot.h), so that every other free pays nothing.
 * 2. A thread watches THREAD_WATCHED blocks at once, and after that one for each RELEASE_GAP_POOR that it makes: a
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

/* A countdown has ended: is this block, made after `before` others of its site, watched? Sets the next countdown. */
uint32_t release_watch(struct thread *t, struct thread_site *at, uint32_t before);

/* A watched block of a site is let go at this node; `foreign`: not by the thread that made it. */
void release_note(uint32_t site, uint32_t node, uint64_t made_us, uint32_t foreign);
#endif
