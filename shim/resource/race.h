/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RACE_H
#define LEAKSHIM_RACE_H
/*
 * A count that two threads change at once without atomics loses a change. Seen from the order of
 * the calls alone: while two threads take turns at one object, its count can differ from the sum of
 * the changes by nothing, or by the other thread's latest one, which may not be done yet. Any
 * other difference is a lost change, if an unfinished one was seen just before and the counts
 * had agreed until then; else it is a change that we do not see (a macro, say), and tells nothing.
 *
 * The caller holds the lock of the resource's chain and has read the count under it: then the
 * other thread can have at most one call under way.
 */
#include "trace.h"

#define RACE_CALM 3u   /* turns taken with counts that agree before a difference counts: by then the calls that
			* were under way when the sum was set have ended */
#define RACE_RECENT 1u /* changes for which an unfinished one is remembered */

enum race_result {
	RACE_NONE,
	RACE_LOST,  /* a change, as two threads made one at once */
	RACE_HIDDEN /* nothing that was seen explains the count */
};

static inline void race_forget(struct trace_resource *r)
{
	r->race_threads[0] = r->race_threads[1] = 0;
}

static inline void race_pair(struct trace_resource *r, uint32_t thread, int32_t sum)
{
	r->race_threads[1] = (uint16_t)thread;
	r->race_changes[1] = 0;
	r->race_sum = sum;
	r->race_calm = r->race_recent = 0;
}

/* `thread` is about to change the count, which is `seen` now, by `change` (1 or -1). Tells what
 * the difference was. */
static inline enum race_result race_step(struct trace_resource *r, uint32_t thread, int32_t seen, int change)
{
	unsigned me = r->race_threads[1] == thread;
	int32_t behind;
	enum race_result result = RACE_NONE;

	if (!r->race_threads[1]) {
		if (r->race_threads[0] && r->race_threads[0] != thread) {
			me = 1;
			race_pair(r, thread, seen);
			r->race_changes[0] = 0; /* its latest one may or may not be in `seen`: see RACE_CALM */
		} else {
			r->race_threads[0] = (uint16_t)thread;
			return RACE_NONE;
		}
	} else if (!me && r->race_threads[0] != thread) { /* a third one takes the place of the one that waited longer */
		r->race_threads[0] = r->race_threads[r->race_last];
		r->race_changes[0] = r->race_changes[r->race_last];
		me = 1;
		race_pair(r, thread, seen);
	}
	behind = r->race_sum - seen;
	if (behind == 0) {
		r->race_calm += r->race_last != me && r->race_calm < RACE_CALM;
		r->race_recent -= r->race_recent > 0;
	} else if (r->race_calm == RACE_CALM && behind == r->race_changes[!me]) {
		r->race_recent = RACE_RECENT;
	} else {
		if (r->race_calm == RACE_CALM)
			result = r->race_recent ? RACE_LOST : RACE_HIDDEN;
		r->race_sum = seen;
		r->race_calm = r->race_recent = 0;
	}
	r->race_sum += change;
	r->race_changes[me] = (int8_t)change;
	r->race_last = (uint8_t)me;
	return result;
}
#endif
