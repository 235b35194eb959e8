/* SPDX-License-Identifier: MIT */
/* The life of resources. */
#include <errno.h>
#include <string.h>

#include "area.h"
#include "resource_chain.h"
#include "resource_hot.h"
#include "sample.h"
#include "rules.h"

#define SOON_US 1000000u
#define HEAD_MAX 64u
#define NOT_DECLARED (TRACE_TYPE_BY_HAND | TRACE_TYPE_JAVA | TRACE_TYPE_THREAD | TRACE_TYPE_HANDLE)

struct resource_type resource_types[RESOURCE_TYPES];
struct resource_probe resource_probes[RESOURCE_PROBES];
uint32_t resource_types_used, resource_probes_used;
uint32_t *resource_heads;
uint32_t resource_has_blocks;
struct resource_table *resource_table;

int resource_start(void)
{
	resource_table = area_private(sizeof(*resource_table), 1);
	if (!resource_table)
		return -ENOMEM;
	resource_heads = resource_table->heads;
	return 0;
}

static uint32_t probe_index(uint32_t probe)
{
	uint32_t i = __atomic_load_n(&resource_table->probes[probe], __ATOMIC_ACQUIRE);

	return i ? i : resource_publish_one(probe);
}

static uint32_t type_of(uint32_t probe)
{
	return resource_table->types[resource_probes[probe].type];
}

/* The function that made it was called by another one that makes it too. */
static int is_outer(const struct trace_resource *r, const struct deed *d)
{
	return !(r->flags & TRACE_RESOURCE_ENDED) && trace_resource_thread(r) == d->thread->identity &&
	       d->event->depth > r->depth && d->now - r->time < SOON_US;
}

/* Declared by a probe file: an object of a library that lies in memory. */
static int is_declared(const struct trace_type *t)
{
	return !(t->flags & NOT_DECLARED);
}

static int ends_with_block(uint32_t block)
{
	return block == PROBE_BLOCK_OWN || block == PROBE_BLOCK_HEAP;
}

/* Where only a sample of the blocks is followed, the free of this one is looked at all the same. */
static void expect_free(struct trace_resource *r)
{
	const struct trace_type *t = at_type(r->type);

	if (!sample_state.filter || !(is_declared(t) || ends_with_block(t->block)))
		return;
	r->flags |= RESOURCE_EXPECTS_FREE;
	sample_count(trace_resource_address(r), 1);
}

static void expect_no_free(struct trace_resource *r)
{
	if (r->flags & RESOURCE_EXPECTS_FREE)
		sample_count(trace_resource_address(r), -1);
	r->flags &= ~RESOURCE_EXPECTS_FREE;
}

/* `old` is an ended one of the same address and type, or 0: it is used again, so that a chain never
 * holds two of them. Returns the chain's first element. */
static uint32_t make(uint32_t first, struct deed *d, uint32_t type, uint32_t flags, uint32_t old)
{
	const struct probe_type *declared = resource_types[resource_probes[d->event->probe].type].declared;
	uint32_t i = old ? old : resource_take(d->thread);
	struct trace_resource *r;

	if (!i)
		return first;
	r = at_resource(i);
	if (declared->block == PROBE_BLOCK_HEAP)
		resource_has_blocks = HEAD_MAX + 1;
	else if (!resource_has_blocks && (is_declared(at_type(type)) || ends_with_block(declared->block)))
		resource_has_blocks = 1;
	if (old)
		expect_no_free(r);
	for (uint32_t k = 0; r->records && k < TRACE_RECORDS; k++)
		__atomic_store_n(&at_record(r->records + k)->what, 0, __ATOMIC_RELEASE);
	if (!old)
		r->next = first;
	r->time = d->now;
	r->type = type;
	r->probe = resource_table->probes[d->event->probe];
	r->node = d->node;
	r->count = d->has_count		   ? d->count
		   : declared->initial < 0 ? 1
					   : (int32_t)declared->initial;
	r->retains = r->releases = r->touches = r->thinned = 0;
	r->end_time = r->end_node = r->end_probe = r->end_thread = 0;
	race_forget(r);
	r->cut_scan = r->cut_short = 0;
	r->cut_class = TRACE_CUT_AS_BLOCK;
	r->size = d->event->size;
	r->depth = d->event->depth;
	flags |= (r->flags & RESOURCE_IN_RING) | (d->has_count ? 0 : TRACE_RESOURCE_COUNTED);
	__atomic_store_n(&r->flags, flags, __ATOMIC_RELEASE);
	__atomic_store_n(&r->where, d->event->address | (uint64_t)d->thread->identity << 48,
			 __ATOMIC_RELEASE);
	expect_free(r);
	return old ? first : i;
}

/* Whether it lies in a malloc block of its own, perhaps behind a head (of a collector, say). */
static int is_in_heap(uintptr_t address)
{
	for (uintptr_t head = 0; head <= HEAD_MAX; head += 16) {
		uint32_t slot = live_find(address - head);

		if (slot)
			return trace_block_size(state_block(slot)) > head;
	}
	return 0;
}

/* Returns the element that has just ended if it is to go into a ring, else 0. */
static uint32_t end(uint32_t i, const struct deed *d)
{
	struct trace_resource *r = at_resource(i);

	r->end_time = d->now;
	r->end_node = d->node;
	r->end_probe = d->event ? resource_table->probes[d->event->probe] : 0;
	r->end_thread = d->thread->identity;
	r->depth = d->event ? d->event->depth : 0;
	r->count = 0;
	expect_no_free(r);
	if (at_type(r->type)->block == PROBE_BLOCK_OWN && d->event && resource_is_block(d->event->address))
		r->flags |= RESOURCE_WAS_BLOCK;
	count_type(&at_type(r->type)->ended);
	if (r->flags & RESOURCE_IN_RING) {
		r->flags |= TRACE_RESOURCE_ENDED;
		return 0;
	}
	r->flags |= TRACE_RESOURCE_ENDED | RESOURCE_IN_RING;
	return i;
}

static int is_of_file(const struct trace_resource *r, const char *file)
{
	for (uint32_t i = 0; i < resource_types_used; i++)
		if (resource_table->types[i] == r->type)
			return resource_types[i].file == file;
	return 0;
}

/* What the function that made it was given by another one of its library: a GUri lies in a box that is counted. It is one
 * object, of the outermost type. */
static int is_inner(uint32_t i, const struct deed *d)
{
	const struct resource_type *outer = &resource_types[resource_probes[d->event->probe].type];

	return i && is_declared(at_type(at_resource(i)->type)) && is_outer(at_resource(i), d) &&
	       is_of_file(at_resource(i), outer->file);
}

static uint32_t create(uint32_t first, struct deed *d, uint32_t type)
{
	struct resource_type *declared = &resource_types[resource_probes[d->event->probe].type];
	/* a living one whose end was not seen: its memory was used again */
	uint32_t old = chain_find(first, d->event->address, type);
	uint32_t any = chain_find(first, d->event->address, 0);

	if (old && is_outer(at_resource(old), d)) {
		/* the outermost one is what the program called */
		at_resource(old)->probe = resource_table->probes[d->event->probe];
		at_resource(old)->node = d->node;
		at_resource(old)->depth = d->event->depth;
		return first;
	}
	if (declared->declared->block == PROBE_BLOCK_HEAP && resource_interval() == 1 &&
	    !is_in_heap(d->event->address))
		return first;
	if (any != old && is_inner(any, d))
		d->ended = end(any, d);
	if (d->event->verb == PROBE_CREATE) {
		resource_verify(declared, type, d);
		count_type(&at_type(type)->created);
		return make(first, d, type, 0, old);
	}
	count_type(&at_type(type)->adopted);
	return make(first, d, type, TRACE_RESOURCE_ADOPTED, old);
}

/* A type that names its definite end is not ended by a count of 0: its objects can come back to life
 * while they are taken down. */
static int waits(const struct deed *d)
{
	const struct probe_type *t = resource_types[resource_probes[d->event->probe].type].declared;

	return d->has_count && (t->verbs & 1u << PROBE_FINAL);
}

/* An operation on a living resource. Returns the element if it has ended. */
static uint32_t operate(uint32_t i, const struct deed *d)
{
	struct trace_resource *r = at_resource(i);

	resource_compare(r, d);
	switch (d->event->verb) {
	case PROBE_RETAIN:
		r->retains++;
		r->count += d->amount;
		break;
	case PROBE_SINK:
		r->retains++;
		r->count += r->flags & TRACE_RESOURCE_SUNK ? 1 : 0;
		r->flags |= TRACE_RESOURCE_SUNK;
		break;
	case PROBE_RELEASE:
		r->releases++;
		r->count -= d->amount;
		break;
	case PROBE_FINAL:
		r->releases++;
		r->count = 0;
		break;
	default:
		r->touches++;
		break;
	}
	r->flags |= d->flags;
	resource_record(r, d);
	if (d->event->verb == PROBE_FINAL || (d->event->verb == PROBE_RELEASE && r->count <= 0 && !waits(d)))
		return end(i, d);
	return 0;
}

/* The element stays in the ring, which skips what is alive when its turn comes. */
static void revive(uint32_t i, const struct deed *d)
{
	struct trace_resource *r = at_resource(i);

	r->flags &= ~(TRACE_RESOURCE_ENDED | RESOURCE_WAS_BLOCK);
	expect_free(r);
	r->end_node = r->end_probe = r->end_thread = 0;
	r->end_time = 0;
	r->depth = d->event->depth;
	__atomic_fetch_sub(&at_type(r->type)->ended, 1, __ATOMIC_RELAXED);
	operate(i, d);
}

/* The function that released it last has taken it up again, as pools do. */
static int comes_back(const struct trace_resource *r, const struct deed *d)
{
	return d->event->verb == PROBE_RETAIN && r->end_thread == d->thread->identity &&
	       d->event->depth < r->depth && d->now - r->end_time < SOON_US;
}

/* A release or retain of what is not alive. */
static uint32_t after_end(uint32_t *first, uint32_t i, struct deed *d)
{
	const struct resource_type *t = &resource_types[resource_probes[d->event->probe].type];
	uint32_t verb = d->event->verb, other;
	enum place place;

	if (t->is_java && (verb == PROBE_FINAL || verb == PROBE_TOUCH)) /* close() may come again */
		return 0;
	if (i && t->is_java && !(d->how & RESOURCE_SURE)) {
		d->outcome = RESOURCE_DOUBT;
		return 0;
	}
	if (i && comes_back(at_resource(i), d)) {
		revive(i, d);
		return 0;
	}
	if (verb != PROBE_RELEASE && verb != PROBE_FINAL && verb != PROBE_RETAIN && verb != PROBE_SINK)
		return 0;
	place = i ? resource_place_of(at_resource(i), d) : PLACE_UNSURE;
	if (place == PLACE_TAKEN) /* the ring gives the element back */
		*first = chain_unlink(*first, i);
	if (place == PLACE_ENDED)
		resource_finding(verb == PROBE_RELEASE || verb == PROBE_FINAL ? TRACE_FINDING_RELEASED_AGAIN : TRACE_FINDING_RETAINED_ENDED,
				 at_resource(i), resource_table->probes[d->event->probe], d, d->event->address);
	if (i || (verb != PROBE_RELEASE && verb != PROBE_FINAL))
		return 0;
	other = chain_find(*first, d->event->address, 0);
	if (other && resource_has_its_block(at_resource(other), d->event->address) && !(at_resource(other)->flags & TRACE_RESOURCE_ENDED) &&
	    t->declared->block == PROBE_BLOCK_OWN &&
	    at_type(at_resource(other)->type)->block == PROBE_BLOCK_OWN) {
		resource_finding(TRACE_FINDING_MISMATCHED, at_resource(other), resource_table->probes[d->event->probe], d,
			d->event->address);
		return end(other, d);
	}
	return 0;
}

/* Lines of type "*" speak of a resource of any type. */
static int is_any(const struct deed *d)
{
	const struct probe_word *name = &resource_types[resource_probes[d->event->probe].type].declared->name;

	return name->size == 1 && name->at[0] == '*';
}

/* The program may touch what a library counts by itself, and no more. */
static int is_foreign(uint32_t i, const struct deed *d)
{
	return resource_is_by_hand(resource_probes[d->event->probe].type) && d->event->verb != PROBE_CREATE &&
	       d->event->verb != PROBE_TOUCH && !(at_type(at_resource(i)->type)->flags & TRACE_TYPE_BY_HAND);
}

static void apply(struct deed *d, uint32_t type)
{
	uint32_t hash = resource_hash(d->event->address), first = chain_lock(hash);
	uint32_t i = chain_find(first, d->event->address, is_any(d) ? 0 : type);
	int alive = i && !(at_resource(i)->flags & TRACE_RESOURCE_ENDED);

	if (i && is_foreign(i, d)) {
		chain_unlock(hash, first);
		return;
	}
	if (d->event->verb == PROBE_CREATE) {
		first = create(first, d, type);
	} else if (alive && d->event->verb == PROBE_ADOPT) {
		/* known already */
	} else if (alive) {
		d->ended = operate(i, d);
		d->outcome = at_resource(i)->flags & TRACE_RESOURCE_ENDED ? RESOURCE_ENDED : RESOURCE_DONE;
	} else if (probe_begins(declared_probe(d))) {
		d->count += d->event->verb == PROBE_RETAIN;
		first = create(first, d, type);
	} else {
		d->ended = after_end(&first, i, d);
	}
	chain_unlock(hash, first);
	if (d->ended)
		resource_remember(d->thread, d->ended);
}

static int needs_stack(const struct deed *d)
{
	if (d->event->verb == PROBE_CREATE || probe_begins(declared_probe(d)))
		return 1;
	return trace_level(state.header) >= TRACE_LEVEL_ADVANCED || d->event->verb == PROBE_RELEASE ||
	       d->event->verb == PROBE_FINAL;
}

/* thread_enter for the usual case. */
static inline struct thread *enter(uintptr_t sp)
{
	struct thread *t = thread_current;

	if (__builtin_expect((uintptr_t)t <= 1, 0) || t->mode != THREAD_ALL ||
	    t->level != state.header->level)
		return thread_enter(sp, 1);
	t->mode = THREAD_ASIDE;
	t->busy_sp = sp;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	return t;
}

/* The address is another object's now. What a ring holds stays there until its turn. */
static void forget(struct thread *t, uintptr_t address, uint32_t type)
{
	uint32_t hash = resource_hash(address), first = chain_lock(hash);
	uint32_t i = chain_find(first, address, type);
	int is_free = i && !(at_resource(i)->flags & RESOURCE_IN_RING);

	if (i) {
		expect_no_free(at_resource(i));
		first = chain_unlink(first, i);
		at_resource(i)->flags |= TRACE_RESOURCE_ENDED;
	}
	chain_unlock(hash, first);
	if (is_free)
		resource_give_back(t, i);
}

/* The resource's memory, and then its records', come while something else is done: most are met long after the last time. */
static inline const struct trace_resource *expect(uintptr_t address)
{
	uint32_t first = __atomic_load_n(&resource_table->heads[resource_hash(address)], __ATOMIC_RELAXED) & ~RESOURCE_LOCK;
	const struct trace_resource *r = first ? at_resource(first) : 0;

	if (r) {
		__builtin_prefetch(r, 1);
		__builtin_prefetch(&r->next, 1);
	}
	return r;
}

static inline void expect_records(const struct trace_resource *r)
{
	if (r && r->records) {
		__builtin_prefetch(at_record(r->records), 1);
		__builtin_prefetch(at_record(r->records + 2), 1);
	}
}

void resource_event(const struct resource_event *event)
{
	struct thread *t = enter(event->from.sp);
	const struct trace_resource *met;
	struct deed d = {.event = event, .thread = t, .amount = 1};
	uint32_t type;

	if (!t)
		return;
	if (!state.tracing || trace_level(state.header) == TRACE_LEVEL_DISABLED || !probe_index(event->probe)) {
		thread_leave(t);
		return;
	}
	const struct resource_type *declared = &resource_types[resource_probes[event->probe].type];
	type = type_of(event->probe);
	if (event->is_skipped) {
		forget(t, event->address, type);
		thread_leave(t);
		return;
	}
	met = expect(event->address);
	if (reads_count(declared) && event->verb != PROBE_FINAL)
		d.has_count = resource_read_count(declared->declared, event->address, &d.count);
	if (event->verb == PROBE_RETAIN && probe_is_after(declared_probe(&d)))
		d.count--; /* as it was before the call */
	if (needs_stack(&d))
		d.node = stack_capture(&t->stack, event->from.pc, event->from.sp, event->from.rbp);
	expect_records(met);
	d.now = state_now();
	apply(&d, type);
	thread_leave(t);
}

enum resource_outcome resource_object(const struct resource_event *event, uint32_t node, int32_t amount, int how)
{
	struct thread *t = enter(event->from.sp);
	struct deed d = {.event = event, .thread = t, .node = node, .amount = amount, .how = how,
			 .flags = (how & RESOURCE_EXCUSED ? RESOURCE_FLAG_EXCUSED : 0) | (how & RESOURCE_ABANDONED ? TRACE_RESOURCE_ABANDONED : 0)};

	if (!t)
		return RESOURCE_NOTHING;
	if (state.tracing && trace_level(state.header) != TRACE_LEVEL_DISABLED && probe_index(event->probe)) {
		if (event->is_skipped) {
			forget(t, event->address, type_of(event->probe));
		} else {
			d.now = state_now();
			apply(&d, type_of(event->probe));
		}
	}
	thread_leave(t);
	return d.outcome;
}

uint32_t resource_type_index(uint32_t type)
{
	return resource_table->types[type];
}

uint32_t resource_living(uintptr_t address)
{
	uint32_t hash = resource_hash(address), first, i;
	struct thread *t;

	if (!resource_maybe(address) || !(t = thread_enter((uintptr_t)__builtin_frame_address(0), 0)))
		return 0;
	first = chain_lock(hash);
	i = chain_find(first, address, 0);
	if (i && at_resource(i)->flags & TRACE_RESOURCE_ENDED)
		i = 0;
	chain_unlock(hash, first);
	thread_leave(t);
	return i;
}

void resource_overlapped(const struct resource_event *event, uint32_t node, uint32_t other_node, uint32_t other_thread)
{
	struct thread *t = enter(event->from.sp);
	struct deed d = {.event = event, .thread = t, .node = node};
	uint32_t hash = resource_hash(event->address), first, i;

	if (!t)
		return;
	if (state.tracing && probe_index(event->probe)) {
		d.now = state_now();
		first = chain_lock(hash);
		i = chain_find(first, event->address, 0);
		if (i) {
			struct trace_resource copy = *at_resource(i);

			copy.end_node = other_node;
			copy.end_probe = resource_table->probes[event->probe];
			copy.end_thread = other_thread;
			resource_finding(TRACE_FINDING_OVERLAPPED, &copy, copy.end_probe, &d, event->address);
		}
		chain_unlock(hash, first);
	}
	thread_leave(t);
}

/* The living resource that is the block at `address`, 0 if there is none. What lies at the start of a block that is freed is
 * over, whatever its type says of its memory: functions of the library that nobody named, or that were inlined, end things
 * too. */
static uint32_t of_block(uint32_t first, uintptr_t address)
{
	uint32_t i = chain_find(first, address, 0);

	if (!i || at_resource(i)->flags & TRACE_RESOURCE_ENDED)
		return 0;
	return is_declared(at_type(at_resource(i)->type)) || ends_with_block(at_type(at_resource(i)->type)->block) ? i : 0;
}

/* A library may give references back by functions of its own that nobody sees: the object says so while its block is still
 * there. */
static int is_let_go(const struct trace_resource *r, uintptr_t address)
{
	const struct trace_type *type = at_type(r->type);
	const struct probe_type read = {.count_offset = type->count_offset, .count_format = type->count_format};
	int32_t count;

	return (type->flags & (TRACE_TYPE_HAS_COUNT | TRACE_TYPE_MISREAD)) == TRACE_TYPE_HAS_COUNT &&
	       resource_read_count(&read, address, &count) && count <= 1;
}

void resource_freed(struct thread *t, uintptr_t address, uint64_t size, const struct live_caller *from)
{
	uint32_t hash = resource_hash(address), first, i;
	struct deed d = {.thread = t};

	first = chain_lock(hash);
	i = of_block(first, address);
	chain_unlock(hash, first);
	if (!i)
		return;
	d.now = state_now();
	d.node = stack_capture(&t->stack, from->pc, from->sp, from->rbp);
	first = chain_lock(hash);
	i = of_block(first, address);
	if (i && ends_with_block(at_type(at_resource(i)->type)->block) && at_resource(i)->count > 1 &&
	    (!(at_resource(i)->flags & TRACE_RESOURCE_COUNTED) ||
	     at_type(at_resource(i)->type)->flags & TRACE_TYPE_BY_HAND) && !is_let_go(at_resource(i), address))
		resource_finding(TRACE_FINDING_FREED_HELD, at_resource(i), 0, &d, address);
	if (i && at_type(at_resource(i)->type)->block == PROBE_BLOCK_OWN && size && size < RESOURCE_LARGE)
		at_resource(i)->flags |= RESOURCE_WAS_BLOCK;
	i = i ? end(i, &d) : 0;
	chain_unlock(hash, first);
	if (i)
		resource_remember(t, i);
}

void resource_mark_threads(unsigned char *named)
{
	uint32_t used = resource_table ? (uint32_t)state.header->areas[TRACE_AREA_RESOURCE].used : 0;

	for (uint32_t i = 1; i < used; i++) {
		const struct trace_resource *r = at_resource(i);

		if (!r->where)
			continue;
		named[trace_resource_thread(r)] = 1;
		named[r->end_thread & 0xffff] = 1;
		for (uint32_t k = 0; r->records && k < TRACE_RECORDS; k++)
			named[trace_record_thread(at_record(r->records + k))] = 1;
	}
}

int resource_has_live(void)
{
	uint32_t used = resource_table ? (uint32_t)state.header->areas[TRACE_AREA_RESOURCE].used : 0;

	for (uint32_t i = 1; i < used; i++)
		if (at_resource(i)->where && !(at_resource(i)->flags & TRACE_RESOURCE_ENDED))
			return 1;
	return 0;
}
