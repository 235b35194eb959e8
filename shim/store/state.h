/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STATE_H
#define LEAKSHIM_STATE_H
/*
 * What the shim knows about this process. One page-aligned object that a fork child
 * finds zeroed (MADV_WIPEONFORK), so that a child starts empty by itself, also after a
 * raw clone; a vfork child shares it, as it shares the heap.
 *
 * The page has a part for this floor and one for each room above that has something a fork must wipe; what lies in
 * that one only the room's header knows (STATE_PART).
 *
 * state.tracing is 0 before the start, after a fork until the child has a trace of its
 * own, and for ever once the shim has stepped aside.
 */
#include <stdint.h>
#include <time.h>
#include "layout.h"
#include "trace.h"

struct state {
	uint32_t tracing;
	uint32_t lock_area;
	struct trace_header *header;
	uint64_t start_us; /* CLOCK_MONOTONIC_COARSE at the start, microseconds */
	uint64_t reserved; /* bytes of the mapping */
	uint64_t device, inode; /* of the trace file */
	uint32_t deferred; /* the floors above wait for lock_area (area_when_free) */
	uint32_t full;     /* growth failed; counts the attempts since */
	uint32_t ending;   /* the trace was cut to size: growing is over */
	uintptr_t spare, spare_end; /* private memory for when no call may be made */
	struct area areas[TRACE_AREAS];
};

extern union state_page {
	struct {
		struct state s;
		unsigned char tree[64], modules[64], index[64], slots[64], sample[64], thread[64], live[64], release[64], python[64],
			snapshot[64], focus[128], pace[16], scanner[320], process[64], reporting[16], wrong[576], landing[8], crowded[8];
	} part __attribute__((aligned(64)));
	unsigned char page[4096];
} state_page __attribute__((visibility("hidden")));

/* The part of a room, which defines struct ROOM_part and names it ROOM_state. */
#define STATE_PART(room) (*(struct room##_part *)state_page.part.room)
#define STATE_PART_FITS(room) _Static_assert(sizeof(struct room##_part) <= sizeof(state_page.part.room), "enlarge it in state.h")

#define state (state_page.part.s)

AREA_ELEMENT(state_block, trace_block, BLOCK)
AREA_ELEMENT(state_node, trace_node, NODE)
AREA_ELEMENT(state_site, trace_site, SITE)
AREA_ELEMENT(state_shared, trace_shared, SHARED)
AREA_ELEMENT(state_pending, trace_pending, PENDING)
AREA_ELEMENT(state_module, trace_module, MODULE)
AREA_ELEMENT(state_thread, trace_thread, THREAD)
AREA_ELEMENT(state_mismatch, trace_mismatch, MISMATCH)
AREA_ELEMENT(state_problem, trace_problem, PROBLEM)

/* Counts something that could not be recorded. */
static inline void state_drop(enum trace_drop why)
{
	if (state.header)
		__atomic_fetch_add(&state.header->drops[why], 1, __ATOMIC_RELAXED);
}

/* The vDSO's clock_gettime, or a system call where there is no vDSO. Not wiped by a fork. */
extern long (*state_vdso_clock)(long, struct timespec *) __attribute__((visibility("hidden")));

/* Microseconds since the start of the trace, coarse (1 to 4 ms). */
static inline uint64_t state_now(void)
{
	struct timespec now;

	state_vdso_clock(CLOCK_MONOTONIC_COARSE, &now);
	return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000 - state.start_us;
}

/* A clock in nanoseconds, from the vDSO where there is one. */
uint64_t state_clock_ns(int clock);

/* Finds the vDSO; called once before anything asks for the time. */
void state_clock_find(void);

/* Reading the processor's counter would kill from now on, as the vDSO does: asks the kernel. */
void state_clock_without_counter(void);

void state_lock_slow(uint32_t *lock);

/* A lock for the slow paths. Waits by yielding; the thread's busy flag keeps a signal
 * handler from taking it twice. */
static inline void state_lock(uint32_t *lock)
{
	if (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		state_lock_slow(lock);
}
/* For a lock that a handler of the program may want while the thread that it interrupted holds it, being about work of ours
 * that is not behind a busy flag: takes it, or returns 0 if the calling thread has it. */
int state_lock_unless_mine(uint32_t *lock);

/* Takes a lock that the calling thread may hold itself, being interrupted: gives up after some
 * `yields`. Returns 1 if it has it. */
int state_lock_within(uint32_t *lock, int yields);

static inline void state_unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}
#endif
