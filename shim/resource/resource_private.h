/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RESOURCE_PRIVATE_H
#define LEAKSHIM_RESOURCE_PRIVATE_H
/*
 * Shared by the files of the room, nobody else: resource.c (life and death), resource_chain.h (the table), resource_elements.c
 * (what is free in it, and what has ended), resource_hot.h (what every retain and release passes through),
 * resource_findings.c (what was done wrong), resource_place.c (what is at an address now), resource_publish.c.
 */
#include "resource.h"

#define SHARDS 16u
#define RING 256u /* ended resources that a shard remembers */
#define RESOURCE_LARGE 65536u /* bytes of a block that an allocator may map by itself */
#define RESOURCE_WAS_BLOCK 0x20000000u /* in flags: it has ended, and was a block that is followed */
#define RESOURCE_IN_RING 0x80000000u /* in flags: the element is in a ring, whether it lives again or not */
#define RESOURCE_EXPECTS_FREE 0x10000000u /* in flags: sample_count knows of it */

struct shard {
	uint32_t lock;
	uint32_t free; /* RESOURCE elements to reuse, a list through next */
	uint32_t at;
	uint32_t ring[RING];
};

struct resource_table {
	uint32_t heads[RESOURCE_HEADS];
	struct shard shards[SHARDS];
	uint32_t lock_publish, lock_findings;
	uint32_t types[RESOURCE_TYPES];	  /* TYPE index in this process's trace */
	uint32_t probes[RESOURCE_PROBES]; /* PROBE index */
};

/* What an event means for the resource it meets. */
struct deed {
	const struct resource_event *event;
	struct thread *thread;
	uint32_t node;
	int32_t amount; /* of references retained or released */
	int how;	/* RESOURCE_SURE and so on */
	uint32_t flags; /* that the resource gets */
	enum resource_outcome outcome;
	uint32_t ended; /* the element that is to be remembered as an ended one, or 0 */
	int has_count;
	int32_t count; /* read from the object: before the call, for create after it */
	uint64_t now;
};

/* In memory that a fork child finds zeroed; 0: nothing is followed. */
extern struct resource_table *resource_table __attribute__((visibility("hidden")));

static inline const struct probe_line *declared_probe(const struct deed *d)
{
	return resource_probes[d->event->probe].declared;
}

AREA_ELEMENT(at_resource, trace_resource, RESOURCE)

AREA_ELEMENT(at_record, trace_record, RECORD)

AREA_ELEMENT(at_type, trace_type, TYPE)

AREA_ELEMENT(at_probe, trace_probe, PROBE)

AREA_ELEMENT(at_finding, trace_finding, FINDING)

/* One of so many is followed at the level in force. */
static inline uint32_t resource_interval(void)
{
	return trace_level(state.header) == TRACE_LEVEL_PARANOID ? 1 : RESOURCE_INTERVAL;
}

/* The program declared this type itself. */
static inline int resource_is_by_hand(uint32_t type)
{
	return type >= RESOURCE_TYPES - RESOURCE_BY_HAND;
}

static inline void count_type(uint64_t *total)
{
	__atomic_fetch_add(total, 1, __ATOMIC_RELAXED);
}

static inline int reads_count(const struct resource_type *t)
{
	return t->declared->count_format && !__atomic_load_n(&t->misread, __ATOMIC_RELAXED);
}

/* An element for a new resource, 0: no space. A chain may be locked. */
uint32_t resource_take(const struct thread *t);

/* Of an element that is in no chain and no ring. */
void resource_give_back(const struct thread *t, uint32_t i);

/* Puts an ended resource into a ring; the one that falls out is forgotten. No chain is locked. */
void resource_remember(const struct thread *t, uint32_t i);

/* For all that follow, the caller holds the chain. */

/* The first create tells whether count= is right for this build of the library. */
void resource_verify(struct resource_type *t, uint32_t type, struct deed *d);

/* Two threads changed the count at once, and a change was lost. */
void resource_raced(const struct trace_resource *r, const struct deed *d);

void resource_finding(enum trace_finding_kind kind, const struct trace_resource *r, uint32_t probe, const struct deed *d,
		      uintptr_t address);

/* What is at the address of an ended resource now. */
enum place {
	PLACE_TAKEN,  /* something else: what was known of the resource tells nothing of it */
	PLACE_UNSURE, /* perhaps something else */
	PLACE_ENDED   /* nothing else */
};

enum place resource_place_of(const struct trace_resource *r, const struct deed *d);

/* A followed block whose memory stays the allocator's when it is let go: where it gives memory back to the kernel, anything
 * may come. */
int resource_is_block(uintptr_t address);

/* It was made in the block that is at its address. */
int resource_has_its_block(const struct trace_resource *r, uintptr_t address);
#endif
