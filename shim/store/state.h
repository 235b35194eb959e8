/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STATE_H
#define LEAKSHIM_STATE_H
/*
 * What the shim knows about this process. One page-aligned object that a fork child
 * finds zeroed (MADV_WIPEONFORK), so that a child starts empty by itself, also after a
 * raw clone; a vfork child shares it, as it shares the heap.
 *
 * state.tracing is 0 before the start, after a fork until the child has a trace of its
 * own, and for ever once the shim has stepped aside.
 */
#include <stdint.h>
#include <time.h>
#include "layout.h"
#include "trace.h"

struct slots_group;
struct thread;

struct state {
	uint32_t tracing;
	uint32_t lock_area, lock_tree, lock_sites, lock_pool, lock_threads, lock_modules, lock_mismatch, lock_releases;
	uint32_t generation; /* of the module list; stale cached rules have another */
	struct trace_header *header;
	uint64_t start_us; /* CLOCK_MONOTONIC_COARSE at the start, microseconds */
	uint64_t reserved; /* bytes of the mapping */
	uint64_t device, inode; /* of the trace file */
	uint64_t **root;        /* index.c: [address >> 26] -> leaf */
	struct slots_group *groups; /* slots.c: [slot / 64] */
	uint32_t cut;      /* SCAN index while a scan of the living is under way: blocks leave graves */
	uint32_t graves;   /* slots of blocks that were let go meanwhile, a list through site */
	uint32_t scanning; /* a cut is being taken */
	uint32_t leaving;  /* processes of ours that just leave the program's table of descriptors (clone.h) */
	uint32_t copied_us, copied_kib; /* what the last copy of the process took, and how much it was */
	uint32_t deferred; /* a cut is to be taken when lock_area is free */
	unsigned char *filter, *filter_building; /* sample.c */
	uint32_t filter_word, lock_sample;
	uint32_t followed_all; /* some thread was at paranoid: there may be blocks of rate 0, and some on their way */
	uint32_t full;     /* growth failed; counts the attempts since */
	uint32_t starting; /* a fork child makes its trace */
	uint32_t unlinked; /* the trace has no name any more */
	uint32_t ending;   /* the trace was cut to size: growing is over */
	uint32_t pool;     /* slots.c: groups with free slots that are left to all, a list through next */
	uint32_t thread_slots, thread_gc_at;
	uint32_t identities; /* thread.c: free THREAD entries, a list through started_us */
	struct thread *free_threads;
	uintptr_t spare, spare_end; /* area.c: private memory for when no call may be made */
	uint32_t *releases; /* release.c: the newest element of the sites in each place of a hash table */
	uint32_t shared_pid;
	void *shared_stack, *shared_tasks; /* of a scan that shares our memory */
	uint64_t shared_tasks_size;
	uint32_t scanners[64]; /* pids of scanning processes that were not waited for */
	struct area areas[TRACE_AREAS];
};

extern union state_page {
	struct state s;
	unsigned char page[4096];
} state_page __attribute__((visibility("hidden")));
#define state (state_page.s)

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

void state_lock_slow(uint32_t *lock);

/* A lock for the slow paths. Waits by yielding; the thread's busy flag keeps a signal
 * handler from taking it twice. */
static inline void state_lock(uint32_t *lock)
{
	if (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE))
		state_lock_slow(lock);
}
/* Takes a lock that the calling thread may hold itself, being interrupted: gives up after some
 * `yields`. Returns 1 if it has it. */
int state_lock_within(uint32_t *lock, int yields);

static inline void state_unlock(uint32_t *lock)
{
	__atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}
#endif
