/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WRONG_H
#define LEAKSHIM_WRONG_H
/*
 * A free or realloc of what is no living block: told as a finding before the real function sees it, which may abort.
 *
 * 1. Only what is certain is told: an address inside a living block, in a module, on the thread's own stack, or among the last
 *    addresses that each thread let go; and what glibc is about to abort for, or has back, by the words that it keeps around
 *    its blocks and in those that it keeps. All else goes by unsaid, for some blocks are older than the trace.
 * 2. The memory of what was let go is a ring in each thread, two stores a free.
 */
#include <stdint.h>
#include "live.h"
#include "state.h"

struct thread;

/* What a fork child let go before it has a trace: a child that only lets go of what its parent made needs none. A fork wipes this. */
#define WRONG_INHERITED 32u
struct wrong_part {
	uint32_t next;
	uintptr_t region; /* where a word was readable, 1 + its number */
	struct {
		uintptr_t address, pc;
	} freed[WRONG_INHERITED];
};
#define wrong_state STATE_PART(wrong)
STATE_PART_FITS(wrong);

/* The thread lets a block go that it has taken out. */
static inline void wrong_remember(struct thread *t, uintptr_t address, uint32_t slot, uintptr_t pc)
{
	struct thread_freed *f = &t->freed[t->freed_next++ % THREAD_FREED];

	f->where = address | (uint64_t)(slot >> 16) << 48;
	f->pc = pc | (uint64_t)slot << 48;
}

/* `address` is not followed, and let go by a function of `family`. The caller has entered the thread's state. */
void wrong_free(struct thread *t, uintptr_t address, uint32_t family, const struct live_caller *from);

/* The same while state.tracing is 0: a fork child that does something wrong begins its trace with that.
 * A realloc is not `sure` to let it go. */
void wrong_free_untraced(uintptr_t address, uint32_t family, int is_sure, const struct live_caller *from);

/* The thread gets a signal for reading at `fault`, by code at `pc` with that frame: a large block's memory is gone when it is
 * let go again, and we are the first that look at it. */
void wrong_fault(uintptr_t fault, uintptr_t pc, uintptr_t rbp);
#endif
