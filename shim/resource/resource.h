/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RESOURCE_H
#define LEAKSHIM_RESOURCE_H
/*
 * The counted things that are alive, what was done to them, and what was done wrong.
 *
 * 1. A resource is found by its address and type, through a table of chains. The head of a
 *    chain carries a lock bit; whoever holds it owns all resources of the chain.
 * 2. A resource takes the same memory whether it is retained ten times or a million times.
 * 3. Ended resources stay for a while in a ring, so that what is done to them afterwards can be
 *    told from what is done to unknown ones.
 * 4. What is done to an ended one is a finding only where nothing else can be in its place: objects also lie
 *    inside larger blocks, on stacks and in modules, at addresses that were others' before.
 * 5. Everything here but resource_types lies in memory that a fork child finds zeroed.
 *
 * Context: any thread; under the thread's busy flag, so that a signal handler drops its events
 * instead of waiting for a lock its own thread holds. No lock is held across foreign code.
 */
#include <stdint.h>
#include "live.h"
#include "probe_file.h"
#include "state.h"

#define RESOURCE_TYPES 833u
#define RESOURCE_PROBES 4611u
#define RESOURCE_BY_HAND 64u /* types that the program declares itself; at the upper ends of both tables */
#define RESOURCE_JAVA_TYPES 64u /* of Java objects; below those in both tables */
#define RESOURCE_JAVA_PROBES 512u
#define RESOURCE_HEADS (1u << 20)
#define RESOURCE_LOCK 0x80000000u
#define RESOURCE_INTERVAL 128u /* one of so many is followed below paranoid */

/* A type as the probe files declare it; never changes but for `verified` and `misread`. */
struct resource_type {
	const struct probe_type *declared;
	const char *file; /* name of the probe file */
	uint32_t verified; /* the first create had the count it should have */
	uint32_t misread;  /* it had not: count= is not used */
	uint32_t is_java;
};

/* What the analyzer is told about one probe line. */
struct resource_probe {
	const struct probe_line *declared;
	const char *file;
	const char *library; /* module it was found in, 0: none */
	const char *symbol;  /* the linker's name, 0: as declared */
	const char *reason;
	uint32_t type; /* index into resource_types */
	uint32_t status; /* enum trace_probe_status */
	uintptr_t address;
};

struct resource_event {
	uintptr_t address;
	uint32_t verb; /* enum probe_verb */
	uint32_t probe; /* index into resource_probes */
	uint64_t size; /* create only, 0: unknown */
	uint32_t hint; /* HINT index, 0: none */
	uintptr_t depth; /* stack pointer behind the call's return address: inner calls have less */
	int is_skipped; /* a create that is not followed: only what was known at its address ends */
	struct live_caller from;
};

/* Probes of what the program says itself: for any type, then one that creates for each type. */
enum resource_by_hand {
	RESOURCE_RETAIN_BY_HAND = RESOURCE_PROBES - RESOURCE_BY_HAND - 2,
	RESOURCE_RELEASE_BY_HAND,
	RESOURCE_TOUCH_BY_HAND, /* of the type "*", the first one */
	RESOURCE_TRACK_BY_HAND  /* of the second type; the next ones follow */
};
enum resource_java {
	RESOURCE_JAVA_PROBE = RESOURCE_RETAIN_BY_HAND - RESOURCE_JAVA_PROBES, /* the first one */
	RESOURCE_JAVA_TYPE = RESOURCE_TYPES - RESOURCE_BY_HAND - RESOURCE_JAVA_TYPES
};
enum resource_libc { /* below those: what libc keeps, by host/joins.c and host/handles.c */
	RESOURCE_LIBC_PROBE = RESOURCE_JAVA_PROBE - 14, /* the first one */
	RESOURCE_LIBRARY_OPEN = RESOURCE_LIBC_PROBE,
	RESOURCE_LIBRARY_AGAIN,
	RESOURCE_LIBRARY_CLOSE,
	RESOURCE_SPACE_OPEN,
	RESOURCE_SPACE_AGAIN,
	RESOURCE_SPACE_CLOSE,
	RESOURCE_SEMAPHORE_OPEN,
	RESOURCE_SEMAPHORE_AGAIN,
	RESOURCE_SEMAPHORE_CLOSE,
	RESOURCE_TIMER_CREATE,
	RESOURCE_TIMER_DELETE,
	RESOURCE_THREAD_CREATE,
	RESOURCE_THREAD_JOIN,
	RESOURCE_THREAD_DETACH,
	RESOURCE_LIBC_TYPE = RESOURCE_JAVA_TYPE - 4, /* the first one */
	RESOURCE_LIBRARY_TYPE = RESOURCE_LIBC_TYPE,
	RESOURCE_SEMAPHORE_TYPE,
	RESOURCE_TIMER_TYPE,
	RESOURCE_THREAD_TYPE
};
_Static_assert(RESOURCE_THREAD_DETACH + 1 == (int)RESOURCE_JAVA_PROBE, "they end where those begin");
_Static_assert(RESOURCE_TRACK_BY_HAND + RESOURCE_BY_HAND - 1 == RESOURCE_PROBES, "a probe for each type but \"*\"");

struct resource_table; /* resource.c */

extern struct resource_type resource_types[RESOURCE_TYPES] __attribute__((visibility("hidden")));
extern struct resource_probe resource_probes[RESOURCE_PROBES] __attribute__((visibility("hidden")));
extern uint32_t resource_types_used, resource_probes_used __attribute__((visibility("hidden")));
extern uint32_t *resource_heads __attribute__((visibility("hidden")));
/* 0: no resource is a block; else how far behind its block's start one may lie, + 1. */
extern uint32_t resource_has_blocks __attribute__((visibility("hidden")));

/* Maps the table. Returns 0 or -errno. */
int resource_start(void);

/* One call of a probed function. */
void resource_event(const struct resource_event *event);

/*
 * The same for an object that lies in no memory of ours, whose stack was taken already: NODE index, 0: none. `amount` is how
 * many references a retain adds or a release takes. Without RESOURCE_SURE nothing that was done to an ended object
 * becomes a finding: the caller makes sure first.
 */
enum resource_outcome {
	RESOURCE_NOTHING, /* it is not followed, or not now */
	RESOURCE_DONE,
	RESOURCE_ENDED,	 /* it was the last thing that could happen to it */
	RESOURCE_DOUBT	 /* it has ended before: say the same again with RESOURCE_SURE if that is certain */
};
#define RESOURCE_SURE 1
#define RESOURCE_EXCUSED 2 /* its owner asked to hear of it when others end it */
#define RESOURCE_ABANDONED 4 /* others end it */
#define RESOURCE_FLAG_EXCUSED 0x40000000u /* in flags: the same */
enum resource_outcome resource_object(const struct resource_event *event, uint32_t node, int32_t amount, int how);

/* A thread came into what only one may be in, while another one was inside; `other_node` and `other_thread` (THREAD index)
 * tell of that one. */
void resource_overlapped(const struct resource_event *event, uint32_t node, uint32_t other_node, uint32_t other_thread);

/* The TYPE index of an entry of resource_types, 0: it is not in the trace. */
uint32_t resource_type_index(uint32_t type);

/* The RESOURCE index of a living one, 0: there is none. A look that may be outdated when it returns. */
uint32_t resource_living(uintptr_t address);

/* Writes one type and probe into the trace. Returns its PROBE index, 0: no space. */
uint32_t resource_publish_one(uint32_t probe);

/* Writes all types and probes of which something is known into the trace; again when their
 * status has changed. */
void resource_publish(void);

/* The block at `address`, of so many bytes, is about to be freed: a resource that is this block ends with it. The caller
 * has entered the thread's state. */
void resource_freed(struct thread *t, uintptr_t address, uint64_t size, const struct live_caller *from);

/* Is any resource alive? A look without locks, for which one that is just being made does not count. */
int resource_has_live(void);

/* Marks the THREAD entries that resources name in `named`, one byte each. */
void resource_mark_threads(unsigned char *named);

/* Neighbours in memory are neighbours here, so that the table is as local as the heap. */
static inline uint32_t resource_hash(uintptr_t address)
{
	uint64_t far = (address >> 24) * 0x9e3779b97f4a7c15u;

	return (uint32_t)((address >> 4) ^ (far >> 40)) & (RESOURCE_HEADS - 1);
}

/* 0: certainly nothing is known about this address. */
static inline int resource_maybe(uintptr_t address)
{
	return __atomic_load_n(&resource_heads[resource_hash(address)], __ATOMIC_RELAXED) != 0;
}

/* 0: certainly none ends with the block at this address. Cheap where none lies behind a head. */
static inline int resource_may_end(uintptr_t address)
{
	return resource_has_blocks && (resource_has_blocks > 1 || resource_maybe(address));
}

/* Below paranoid most objects are not followed: chosen here, before anything is paid for. */
static inline int resource_is_chosen(void)
{
	struct thread *t = thread_current;

	if ((uintptr_t)t <= 1 || !state.header || trace_level(state.header) == TRACE_LEVEL_PARANOID)
		return 1;
	t->random ^= t->random << 13;
	t->random ^= t->random >> 7;
	t->random ^= t->random << 17;
	return (t->random >> 20) % RESOURCE_INTERVAL == 0;
}

/* For every free: cheap where no resource is a block. */
static inline void resource_block_freed(struct thread *t, uintptr_t address, uint64_t size,
					const struct live_caller *from)
{
	if (__builtin_expect(resource_has_blocks, 0))
		for (uintptr_t head = 0; head < resource_has_blocks && (head < size || !head); head += 16)
			if (resource_maybe(address + head))
				resource_freed(t, address + head, size, from);
}
#endif
