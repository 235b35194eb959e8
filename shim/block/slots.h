/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SLOTS_H
#define LEAKSHIM_SLOTS_H
/*
 * Free slots of BLOCK, handed out so that what is made one after the other lies side by side.
 *
 * 1. Sixty-four neighbours are a group. A thread takes what is free in one group, uses that up, and only
 *    then goes on to another.
 * 2. A group belongs to a thread state, which alone writes `own`. Whoever else gives a slot back sets
 *    a bit of `remote`. A bit is taken from `remote` by an exchange only.
 * 3. Nobody goes back to a group before SLOTS_LISTED of its slots are free: a list of single slots would
 *    scatter the records of a program's next work over all of its past.
 * 4. What a thread has free beyond SLOTS_FULL_MOST whole groups, it leaves to all.
 *
 * A plain list of free slots, newest first, takes the order in which a program frees: with 160,000
 * blocks of a search tree, each record then lay in a cache line that was far away.
 *
 * Context: the caller has entered the thread's state. No lock but in slots_refill.
 */
#include <stdint.h>
#include "state.h"
#include "thread.h"

#define SLOTS_GROUP 64u
#define SLOTS_LISTED 8u
#define SLOTS_FULL_MOST 16u

/* Two share a cache line; a thread begins with both of them. */
struct slots_group {
	uint64_t own;    /* free slots that the owner gave back */
	uint64_t remote; /* free slots that others gave back */
	uint32_t held;   /* thread-slot number + 1 of the owner, 0: nobody's; below SLOTS_HELD_SHIFT the bits in own */
	uint32_t newer, older; /* neighbours in the owner's list; 0: none */
	uint32_t next;   /* in the pool */
};
#define SLOTS_HELD_SHIFT 7

/* A fork wipes this. */
struct slots_part {
	struct slots_group *groups; /* [slot / SLOTS_GROUP] */
	uint32_t pool; /* groups with free slots that are left to all, a list through next */
	uint32_t lock; /* of the pool */
};
#define slots_state STATE_PART(slots)
STATE_PART_FITS(slots);

static inline uint32_t slots_owner(uint32_t held)
{
	return held >> SLOTS_HELD_SHIFT;
}

static inline uint32_t slots_count(uint32_t held)
{
	return held & ((1u << SLOTS_HELD_SHIFT) - 1);
}

/* Makes the table of groups for an empty trace. Returns 0 or -errno. */
int slots_start(void);
void slots_stop(void);

/* The trace has not so much room any more (area_shrink): `before` bytes it had. */
void slots_shrink(uint64_t before);

/* Finds another group for a thread that has used its own up. 0: no space. */
int slots_refill(struct thread *t);

/* Leaves all that a thread has to others. */
void slots_leave(struct thread *t);

/* own of group g, which may be the one in use, has got SLOTS_LISTED slots, or all. */
void slots_note(struct thread *t, uint32_t g);

void slots_give_remote(uint32_t g, uint64_t bits);

/* A free slot, 0: no space. *block: what lies there. */
static inline uint32_t slots_take(struct thread *t, struct trace_block **block)
{
	if (__builtin_expect(!t->free_slots && !slots_refill(t), 0))
		return 0;
	uint32_t place = (uint32_t)__builtin_ctzll(t->free_slots);

	t->free_slots &= t->free_slots - 1;
	*block = t->blocks + place;
	return t->group * SLOTS_GROUP + place;
}

static inline void slots_give(struct thread *t, uint32_t slot)
{
	uint32_t g = slot / SLOTS_GROUP;
	uint64_t bit = 1ull << slot % SLOTS_GROUP;

	struct slots_group *group = &slots_state.groups[g];
	uint32_t held = __atomic_load_n(&group->held, __ATOMIC_RELAXED);
	if (__builtin_expect(slots_owner(held) != t->owner, 0)) {
		slots_give_remote(g, bit);
		return;
	}
	group->own |= bit;
	__atomic_store_n(&group->held, ++held, __ATOMIC_RELAXED);
	uint32_t count = slots_count(held);
	if (__builtin_expect(count == SLOTS_LISTED || count == SLOTS_GROUP, 0))
		slots_note(t, g);
}
#endif
