/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_THREAD_H
#define LEAKSHIM_THREAD_H
/*
 * What the shim keeps for a thread of the program: one word of static TLS leads to it.
 *
 * The struct lies in private memory that a fork child finds zeroed, so `mode` is 0
 * (THREAD_ASIDE) there until the child has a trace of its own.
 *
 * A thread that has run its last key destructor gives everything back; what it still
 * allocates or frees after that is done with a borrowed state (thread_enter).
 */
#include <stdint.h>
#include "stack.h"
#include "state.h"

enum thread_mode {
	THREAD_ASIDE = 0, /* take the slow way: not attached, busy, or nothing to follow */
	THREAD_ALL = 1,   /* every block is followed */
	THREAD_SAMPLE = 2 /* a sample by bytes, which may be nothing at all (level disabled) */
};

/* In busy_sp: calls that come now are the shim's own doing and no drops. */
#define THREAD_OWN_WORK 1u
#define THREAD_WORK_FOR_US 2u /* somebody else's code: what it makes is left out, what it frees is gone */

/* Somebody worked for us once: since then an address that was let go may be that of a block that nobody saw. */
extern uint32_t thread_worked_for_us __attribute__((visibility("hidden")));

/* An operator's own call of malloc stands no further away than this on the stack. */
#define THREAD_QUIET_SPAN 4096u

#define THREAD_PENDING 128u /* sites with unflushed totals, a power of two */
#define THREAD_CREDIT (8192 * 64) /* release.h: blocks that a new thread is taken to have made already */
#define THREAD_SITES 32u    /* sites remembered, a power of two */

/* The site of a stack, as a thread met it last. */
struct thread_site {
	uint32_t node, site;
	uint32_t unwatched, gap; /* release.h: blocks to be made until the next one that is watched, and how many they were */
	struct trace_site *own; /* 0: it is another thread's, and not even to be looked at */
};

/* A block that is not followed any more, but still counted and in its slot. */
struct thread_due {
	struct trace_block *block;
	uint32_t slot; /* 0: there is none */
};

#define THREAD_FREED 64u /* a power of two */

/* A block that the thread let go lately; host/wrong.h. */
struct thread_freed {
	uint64_t where; /* address, and the upper 16 bits of the slot that it had */
	uint64_t pc;    /* and the lower 16 bits; slot 0: not known */
};

struct thread {
	uint32_t mode;      /* enum thread_mode */
	uint32_t attached;  /* 1 while it belongs to a thread of this process */
	uint32_t owner;     /* number of this struct, from 1: the owner word of sites and slots */
	uint32_t identity;  /* THREAD index */
	uintptr_t busy_sp;  /* while mode is ASIDE for our own work: where that work stands */
	uint64_t free_slots;    /* slots.h: of the group in use, one bit each */
	struct trace_block *blocks; /* slots.h: the first one of the group in use */
	uint32_t group, groups; /* slots.h: the one in use; the newest in the list of its own */
	uint32_t full_groups;   /* slots.h: groups of the list that are free altogether */
	uint32_t transient; /* borrowed for one call */
	int32_t watch_credit; /* release.h: blocks made that none was watched for yet */
	uint32_t spare_site; /* live.c: the other one of the last pair, 0: used */
	uint32_t rounds;    /* of key destructors seen */
	uint32_t level;     /* header's level when mode was set */
	uint32_t ignoring;  /* depth of __lsan_disable: what is made now is no leak */
	uint32_t scopes_left_out; /* begun and not kept; they end first */
	int64_t countdown;  /* bytes to the next sample; never negative */
	uint64_t random;
	uintptr_t quiet_new, quiet_free; /* interpose.c: an operator's inner call is not a block of its own */
	uintptr_t signal_stack; /* reach/signal_stacks.h: where the alternate one begins, 0: it has none */
	struct trace_pending *pending; /* live.c: THREAD_PENDING entries */
	uint32_t has_pending;          /* some are in use, or were */
	struct thread_due due;         /* live.c */
	uint32_t freed_next;           /* host/wrong.h */
	struct thread_freed freed[THREAD_FREED];
	struct thread_site sites[THREAD_SITES];
	struct thread *next_free, *next;
	struct stack_cache stack;
};

/* A fork wipes this. */
struct thread_part {
	uint32_t lock; /* of the lists */
	uint32_t slots, gc_at;
	uint32_t identities; /* free THREAD entries, a list through started_us */
	struct thread *free_threads;
	struct thread *all; /* the newest one, a list through next that nothing is taken from */
	uint32_t followed_all; /* some thread was at paranoid: there may be blocks of rate 0, and some on their way */
};
#define thread_state STATE_PART(thread)
STATE_PART_FITS(thread);

extern __thread struct thread *thread_current
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* What the floors above register before the trace begins. */
extern struct thread_upper {
	void (*attach)(struct thread *t); /* a thread comes */
	void (*detach)(struct thread *t); /* and goes; under lock_threads both */
	int (*can_sample)(void); /* 1: a thread may go on in mode THREAD_SAMPLE */
	void (*grant)(void); /* thread_is_wished, and the thread has just made a block and is about no work of ours */
	int (*begin)(void); /* called while state.tracing is 0: 1 if tracing has begun (a fork child) */
	void (*mark_identities)(unsigned char *named); /* the THREAD entries that others than blocks name: named[i] = 1 */
} thread_upper __attribute__((visibility("hidden")));

/* Sites in focus: what the floor above registers. While `on`, all threads take the slow way and tell it of each event. */
struct live_caller;
extern struct thread_focus {
	uint32_t on;
	int (*is_wanted)(uint32_t node); /* a site is made: is it in focus? */
	void (*made)(struct thread *t, uintptr_t address, const struct live_caller *from);
	void (*gone)(struct thread *t, uintptr_t address, const struct live_caller *from, int moves); /* still there */
	void (*ended)(struct thread *t);
} thread_focus __attribute__((visibility("hidden")));

/* Work of ours on behalf of this thread begins: returns its state with mode ASIDE, or 0 when
 * the call is to be passed through untouched (not tracing, re-entered, no memory; drops are
 * counted for allocations if `counts`). Slow: the interposed functions do the usual case themselves. */
struct thread *thread_enter(uintptr_t sp, int counts);
void thread_leave(struct thread *t);

/* Sets the mode that the level in force asks for. */
void thread_arm(struct thread *t);

/* Called once from the constructor, and in a fork child for the thread that lives on. */
int thread_start(void);

/* Looks for what tells of a thread's end, if it was not there at the start. */
void thread_find_key(void);

/* The thread's name changed (prctl, pthread_setname_np). */
void thread_renamed(const char *name);

/* Did somebody ask for a scan without a signal? */
static inline int thread_is_wished(void)
{
	return state.header->wished != state.header->granted;
}

/* The thread works for us until it is given back, by thread_leave or thread_arm. */
static inline void thread_lend(struct thread *t)
{
	__atomic_store_n(&thread_worked_for_us, 1, __ATOMIC_RELAXED);
	t->mode = THREAD_ASIDE;
	t->busy_sp = THREAD_WORK_FOR_US;
}
#endif
