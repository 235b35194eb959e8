/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LIVE_H
#define LEAKSHIM_LIVE_H
/*
 * The live blocks: insert, take out, put back; totals per site.
 *
 * 1. A record dies before its block: live_take comes before the real free or realloc.
 * 2. A slot is written seal last and cleared seal first.
 * 3. The steady state takes no lock and makes no system call.
 *
 * The caller has entered the thread's state (mode ASIDE).
 */
#include <stdint.h>
#include "thread.h"

/* A fork wipes this. */
struct live_part {
	uint32_t lock_sites, lock_mismatch;
	uint32_t cut;    /* SCAN index while a scan of the living is under way: blocks leave graves */
	uint32_t graves; /* slots of blocks that were let go meanwhile, a list through site */
};
#define live_state STATE_PART(live)
STATE_PART_FITS(live);

/* Where an interposed call came from: return address, CFA, the caller's rbp. */
struct live_caller {
	uintptr_t pc, sp, rbp;
};

/* The caller of a function of ours with this frame address (__builtin_frame_address(0); it must keep a frame pointer). */
static inline struct live_caller live_caller(const uintptr_t *frame)
{
	return (struct live_caller){frame[1], (uintptr_t)(frame + 2), frame[0]};
}

/* Inline, in live_hot.h:
 *   live_insert follows a new block; `rate` is an index in header->sample_bytes
 *   live_take takes a block out before it is released, and says what it was */

struct live_taken;

/* Puts a taken block back: the realloc failed. */
void live_put_back(struct thread *t, const struct live_taken *taken);

/* A block made by one family was let go by another. */
void live_mismatch(struct thread *t, const struct live_taken *taken, uint32_t released_by,
		   const struct live_caller *from);

/* The program says that the block around an address is no leak; also what only it leads to is none. */
void live_ignore(uintptr_t address);

/* The slot of the block at an address, 0 if not followed. */
uint32_t live_find(uintptr_t address);

/* The slot of the block that an address lies in, 0 if none is followed. Slow, and slowest where there is none. */
uint32_t live_find_around(uintptr_t address);

/* 0: of the program's own blocks some were let through or dropped. */
int live_is_recorded(void);

/* 0: blocks may have come and gone unseen, so that an address that was let go may be another's by now. */
int live_is_whole(void);

/* Called from time to time while live_state.cut is set: is the scan that was under way over? Registered by the floor above. */
extern void (*live_cut_over)(void) __attribute__((visibility("hidden")));

/* Hands a thread's reusable slots and unflushed totals back. */
void live_detach(struct thread *t);

/* Registers a thread's pending table. */
void live_attach(struct thread *t);
#endif
