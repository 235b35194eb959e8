/* SPDX-License-Identifier: MIT */
#include "resource.h"

#include <errno.h>
#include <string.h>

#include "sys.h"
#include "race.h"
#include "rules.h"

#define SHARDS 16u
#define RING 256u /* ended resources that a shard remembers */
#define FINDINGS 512u
#define FIRST_KEPT 3u /* records that are never thinned, next to the creation */
#define SOON_US 1000000u
#define HEAD_MAX 64u
#define IN_RING 0x80000000u /* in flags: the element is in a ring, whether it lives again or not */

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
	int has_count;
	int32_t count; /* read from the object: before the call, for create after it */
	uint64_t now;
};

struct resource_type resource_types[RESOURCE_TYPES];
struct resource_probe resource_probes[RESOURCE_PROBES];
uint32_t resource_types_used, resource_probes_used;
uint32_t *resource_heads;
uint32_t resource_has_blocks;
static struct resource_table *table;

static const struct probe_line *declared_probe(const struct deed *d)
{
	return resource_probes[d->event->probe].declared;
}

static struct trace_resource *at_resource(uint32_t i)
{
	return (struct trace_resource *)state.areas[TRACE_AREA_RESOURCE].chunk[i >> AREA_SHIFT_RESOURCE] +
	       (i & ((1u << AREA_SHIFT_RESOURCE) - 1));
}

static struct trace_record *at_record(uint32_t i)
{
	return (struct trace_record *)state.areas[TRACE_AREA_RECORD].chunk[i >> AREA_SHIFT_RECORD] +
	       (i & ((1u << AREA_SHIFT_RECORD) - 1));
}

static struct trace_type *at_type(uint32_t i)
{
	return (struct trace_type *)state.areas[TRACE_AREA_TYPE].chunk[i >> AREA_SHIFT_TYPE] +
	       (i & ((1u << AREA_SHIFT_TYPE) - 1));
}

static struct trace_probe *at_probe(uint32_t i)
{
	return (struct trace_probe *)state.areas[TRACE_AREA_PROBE].chunk[i >> AREA_SHIFT_PROBE] +
	       (i & ((1u << AREA_SHIFT_PROBE) - 1));
}

static struct trace_finding *at_finding(uint32_t i)
{
	return (struct trace_finding *)state.areas[TRACE_AREA_FINDING].chunk[i >> AREA_SHIFT_FINDING] +
	       (i & ((1u << AREA_SHIFT_FINDING) - 1));
}

int resource_start(void)
{
	table = area_private(sizeof(*table), 1);
	if (!table)
		return -ENOMEM;
	resource_heads = table->heads;
	return 0;
}

static uint32_t word_text(const struct probe_word *word)
{
	return word->size ? area_text(word->at, word->size) : 0;
}

static uint32_t text(const char *string)
{
	return string && *string ? area_text(string, strlen(string)) : 0;
}

static uint32_t interval(void)
{
	return trace_level(state.header) == TRACE_LEVEL_PARANOID ? 1 : RESOURCE_INTERVAL;
}

static int is_by_hand(uint32_t type)
{
	return type >= RESOURCE_TYPES - RESOURCE_BY_HAND;
}

/* The TYPE entry of a type in this process's trace. Caller holds lock_publish. */
static uint32_t publish_type(uint32_t type)
{
	const struct resource_type *t = &resource_types[type];
	struct trace_type *entry;
	uint32_t i = table->types[type], name;

	if (i || !(name = word_text(&t->declared->name)) || !(i = area_take(TRACE_AREA_TYPE, 1)))
		return i;
	entry = at_type(i);
	entry->library = word_text(&t->declared->library);
	entry->block = t->declared->block;
	entry->interval = interval();
	entry->count_offset = t->declared->count_offset;
	entry->count_format = t->declared->count_format;
	entry->flags = (is_by_hand(type) ? TRACE_TYPE_BY_HAND : 0) |
		       (t->declared->count_format ? TRACE_TYPE_HAS_COUNT : 0) |
		       (t->verified ? TRACE_TYPE_READS : 0) | (t->misread ? TRACE_TYPE_MISREAD : 0);
	__atomic_store_n(&entry->name, name, __ATOMIC_RELEASE);
	__atomic_store_n(&table->types[type], i, __ATOMIC_RELEASE);
	return i;
}

static void remember_release(uint32_t type, uint32_t probe, uint32_t verb)
{
	struct trace_type *t = at_type(type);

	if (verb == PROBE_RELEASE && (!t->release || at_probe(t->release)->verb == PROBE_FINAL))
		t->release = probe;
	else if (verb == PROBE_FINAL && !t->release)
		t->release = probe;
}

/* The same for a probe line. */
static uint32_t publish_probe(uint32_t probe)
{
	const struct resource_probe *p = &resource_probes[probe];
	uint32_t type = publish_type(p->type), i = table->probes[probe], symbol = 0;
	struct trace_probe *entry;

	if (!type || (!i && (!(symbol = word_text(&p->declared->symbol)) ||
			     !(i = area_take(TRACE_AREA_PROBE, 1)))))
		return 0;
	entry = at_probe(i);
	entry->status = p->status;
	entry->address = p->address;
	if (!entry->reason)
		entry->reason = text(p->reason);
	if (!entry->library)
		entry->library = text(p->library);
	if (!symbol)
		return i;
	entry->type = type;
	entry->verb = p->declared->verb;
	entry->file = text(p->file);
	entry->line = p->declared->line;
	__atomic_store_n(&entry->symbol, symbol, __ATOMIC_RELEASE);
	__atomic_store_n(&table->probes[probe], i, __ATOMIC_RELEASE);
	if (is_by_hand(p->type) && p->declared->verb == PROBE_CREATE) /* one release serves all of them */
		at_type(type)->release = publish_probe(RESOURCE_RELEASE_BY_HAND);
	else
		remember_release(type, i, p->declared->verb);
	return i;
}

void resource_publish(void)
{
	if (!table)
		return;
	state_lock(&table->lock_publish);
	for (uint32_t i = 0; i < resource_probes_used; i++)
		publish_probe(i);
	state_unlock(&table->lock_publish);
}

uint32_t resource_publish_one(uint32_t probe)
{
	state_lock(&table->lock_publish);
	uint32_t i = publish_probe(probe);
	state_unlock(&table->lock_publish);
	return i;
}

static uint32_t probe_index(uint32_t probe)
{
	uint32_t i = __atomic_load_n(&table->probes[probe], __ATOMIC_ACQUIRE);

	return i ? i : resource_publish_one(probe);
}

static uint32_t type_of(uint32_t probe)
{
	return table->types[resource_probes[probe].type];
}

static uint32_t lock_chain(uint32_t hash)
{
	uint32_t *head = &table->heads[hash];

	for (uint32_t spins = 0;; spins++) {
		uint32_t now = __atomic_load_n(head, __ATOMIC_RELAXED);

		if (!(now & RESOURCE_LOCK) &&
		    __atomic_compare_exchange_n(head, &now, now | RESOURCE_LOCK, 0, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return now;
		if (spins > 64)
			sys_call3(SYS_sched_yield, 0, 0, 0);
		__builtin_ia32_pause();
	}
}

static void unlock_chain(uint32_t hash, uint32_t first)
{
	__atomic_store_n(&table->heads[hash], first, __ATOMIC_RELEASE);
}

/* Looks along a chain. `type` 0 is any. Living ones win over ended ones. */
static uint32_t find(uint32_t first, uintptr_t address, uint32_t type)
{
	uint32_t ended = 0;

	for (uint32_t i = first; i; i = at_resource(i)->next) {
		const struct trace_resource *r = at_resource(i);

		if (trace_resource_address(r) != address || (type && r->type != type))
			continue;
		if (!(r->flags & TRACE_RESOURCE_ENDED))
			return i;
		if (!ended)
			ended = i;
	}
	return ended;
}

static uint32_t unlink_from(uint32_t first, uint32_t gone)
{
	if (first == gone)
		return at_resource(gone)->next;
	for (uint32_t i = first; i; i = at_resource(i)->next)
		if (at_resource(i)->next == gone) {
			at_resource(i)->next = at_resource(gone)->next;
			break;
		}
	return first;
}

static struct shard *shard_of(const struct thread *t)
{
	return &table->shards[t->owner % SHARDS];
}

static void give_back(struct shard *s, uint32_t i)
{
	__atomic_store_n(&at_resource(i)->where, 0, __ATOMIC_RELEASE);
	at_resource(i)->flags = 0;
	state_lock(&s->lock);
	at_resource(i)->next = s->free;
	s->free = i;
	state_unlock(&s->lock);
}

static uint32_t take(struct shard *s)
{
	uint32_t i;

	state_lock(&s->lock);
	i = s->free;
	if (i)
		s->free = at_resource(i)->next;
	state_unlock(&s->lock);
	return i ? i : area_take(TRACE_AREA_RESOURCE, 1);
}

/* Puts an ended resource into the ring; the one that falls out is forgotten. No chain is locked. */
static void remember(struct shard *s, uint32_t i)
{
	uint32_t old, hash;
	uintptr_t address;

	state_lock(&s->lock);
	old = s->ring[s->at];
	s->ring[s->at] = i;
	s->at = (s->at + 1) % RING;
	state_unlock(&s->lock);
	if (!old)
		return;
	address = trace_resource_address(at_resource(old));
	hash = resource_hash(address);
	uint32_t first = lock_chain(hash);
	int has_ended = (at_resource(old)->flags & TRACE_RESOURCE_ENDED) != 0;
	at_resource(old)->flags &= ~IN_RING;
	unlock_chain(hash, has_ended ? unlink_from(first, old) : first);
	if (has_ended)
		give_back(s, old);
}

/* Reads the count from an object that is being passed to its own library, which reads it too. */
static int read_count(const struct probe_type *t, uintptr_t address, int32_t *count)
{
	const void *at = (const void *)(address + (uintptr_t)(intptr_t)t->count_offset);
	int32_t half;
	int64_t whole;

	if ((uintptr_t)at < PROBE_STATIC_BELOW)
		return 0;
	if (t->count_format == PROBE_COUNT_U64) {
		memcpy(&whole, at, 8);
		*count = whole > INT32_MAX ? INT32_MAX : whole < INT32_MIN ? INT32_MIN : (int32_t)whole;
		return 1;
	}
	memcpy(&half, at, 4);
	if (t->count_format == PROBE_COUNT_NEG32)
		half = half == INT32_MIN ? INT32_MAX : -half;
	*count = half;
	return 1;
}

static int reads_count(const struct resource_type *t)
{
	return t->declared->count_format && !__atomic_load_n(&t->misread, __ATOMIC_RELAXED);
}

/* The first create tells whether count= is right for this build of the library. */
static void verify(struct resource_type *t, uint32_t type, struct deed *d)
{
	int64_t want = t->declared->initial;

	if (!d->has_count || __atomic_load_n(&t->verified, __ATOMIC_RELAXED))
		return;
	if (t->declared->count_format == PROBE_COUNT_NEG32 && want < 0)
		want = -want;
	if (d->count == want) {
		__atomic_store_n(&t->verified, 1, __ATOMIC_RELAXED);
		__atomic_fetch_or(&at_type(type)->flags, TRACE_TYPE_READS, __ATOMIC_RELAXED);
		return;
	}
	__atomic_store_n(&t->misread, 1, __ATOMIC_RELAXED);
	__atomic_fetch_or(&at_type(type)->flags, TRACE_TYPE_MISREAD, __ATOMIC_RELAXED);
	d->has_count = 0;
}

static uint32_t what(const struct deed *d)
{
	return d->event->verb | d->event->hint << 8 | d->thread->identity << 16;
}

/* Which of the middle records says least: the one whose neighbours are close to each other
 * in proportion to how long ago they were. */
static uint32_t least(uint32_t records, uint32_t sequence)
{
	uint32_t worst = FIRST_KEPT;
	uint64_t worst_gap = UINT64_MAX;

	for (uint32_t i = FIRST_KEPT; i < TRACE_RECORDS; i++) {
		uint32_t before = at_record(records + i - 1)->sequence;
		uint32_t after = i + 1 < TRACE_RECORDS ? at_record(records + i + 1)->sequence : sequence;
		uint32_t age = sequence - at_record(records + i)->sequence + 1;
		uint64_t gap = ((uint64_t)(after > before ? after - before : 0) << 24) / age;

		if (gap < worst_gap) {
			worst_gap = gap;
			worst = i;
		}
	}
	return worst;
}

static void move_record(uint32_t to, uint32_t from)
{
	struct trace_record copy = *at_record(from);

	__atomic_store_n(&at_record(to)->what, 0, __ATOMIC_RELEASE);
	copy.what = 0;
	*at_record(to) = copy;
	__atomic_store_n(&at_record(to)->what, at_record(from)->what, __ATOMIC_RELEASE);
}

/* The place for a new record: a free one, or the last one after a middle one was given up.
 * Records lie in the order of their last time, but for merged ones among the first. */
static uint32_t record_place(struct trace_resource *r, uint32_t sequence)
{
	for (uint32_t i = 0; i < TRACE_RECORDS; i++)
		if (!at_record(r->records + i)->what)
			return r->records + i;
	uint32_t gone = least(r->records, sequence);
	r->thinned += at_record(r->records + gone)->times;
	for (uint32_t i = gone; i + 1 < TRACE_RECORDS; i++)
		move_record(r->records + i, r->records + i + 1);
	return r->records + TRACE_RECORDS - 1;
}

static void record(struct trace_resource *r, const struct deed *d)
{
	uint32_t probe = table->probes[d->event->probe];
	uint32_t sequence = r->retains + r->releases + r->touches;
	struct trace_record *place;

	if (trace_level(state.header) < TRACE_LEVEL_ADVANCED)
		return;
	if (!r->records && !(r->records = area_take(TRACE_AREA_RECORD, TRACE_RECORDS))) {
		r->thinned++;
		return;
	}
	for (uint32_t i = 0; i < TRACE_RECORDS; i++) {
		place = at_record(r->records + i);
		if (!place->what)
			break;
		if (place->node != d->node || place->probe != probe ||
		    trace_record_verb(place) != d->event->verb || trace_record_hint(place) != d->event->hint)
			continue;
		place->times++;
		place->count = r->count;
		place->sequence = sequence;
		place->time = d->now;
		place->what = what(d);
		return;
	}
	place = at_record(record_place(r, sequence));
	__atomic_store_n(&place->what, 0, __ATOMIC_RELEASE);
	place->node = d->node;
	place->probe = probe;
	place->times = 1;
	place->count = r->count;
	place->sequence = sequence;
	place->time = d->now;
	__atomic_store_n(&place->what, what(d), __ATOMIC_RELEASE);
}

static void finding(enum trace_finding_kind kind, const struct trace_resource *r, uint32_t probe,
		    const struct deed *d, uintptr_t address)
{
	struct trace_finding *f;
	uint32_t used, i;

	state_lock(&table->lock_findings);
	used = (uint32_t)state.header->areas[TRACE_AREA_FINDING].used;
	for (i = 1; i < used; i++) {
		f = at_finding(i);
		if (f->kind == (uint32_t)kind && f->probe == probe && f->node == d->node &&
		    f->type == r->type && f->made_node == r->node && f->end_node == r->end_node)
			break;
	}
	if (i >= used && (used > FINDINGS || !(i = area_take(TRACE_AREA_FINDING, 1)))) {
		state_unlock(&table->lock_findings);
		return;
	}
	f = at_finding(i);
	f->thread = d->thread->identity;
	f->count = d->has_count && !(r->flags & TRACE_RESOURCE_ENDED) ? d->count : r->count;
	f->address = address;
	f->last_time = d->now;
	f->times++;
	if (!f->kind) {
		f->type = r->type;
		f->probe = probe;
		f->node = d->node;
		f->made_probe = r->probe;
		f->made_node = r->node;
		f->made_thread = trace_resource_thread(r);
		f->made_time = r->time;
		f->end_probe = r->end_probe;
		f->end_node = r->end_node;
		f->end_thread = r->end_thread;
		f->end_time = r->end_time;
		f->first_time = d->now;
		__atomic_store_n(&f->kind, kind, __ATOMIC_RELEASE);
	}
	state_unlock(&table->lock_findings);
}

static void count_type(uint64_t *total)
{
	__atomic_fetch_add(total, 1, __ATOMIC_RELAXED);
}

/* The function that made it was called by another one that makes it too. */
static int is_outer(const struct trace_resource *r, const struct deed *d)
{
	return !(r->flags & TRACE_RESOURCE_ENDED) && trace_resource_thread(r) == d->thread->identity &&
	       d->event->depth > r->depth && d->now - r->time < SOON_US;
}

/* `old` is an ended one of the same address and type, or 0: it is used again, so that a chain never
 * holds two of them. Returns the chain's first element. */
static uint32_t make(uint32_t first, struct deed *d, uint32_t type, uint32_t flags, uint32_t old)
{
	const struct probe_type *declared = resource_types[resource_probes[d->event->probe].type].declared;
	uint32_t i = old ? old : take(shard_of(d->thread));
	struct trace_resource *r;

	if (!i)
		return first;
	r = at_resource(i);
	if (declared->block == PROBE_BLOCK_HEAP)
		resource_has_blocks = HEAD_MAX + 1;
	else if (declared->block == PROBE_BLOCK_OWN && !resource_has_blocks)
		resource_has_blocks = 1;
	for (uint32_t k = 0; r->records && k < TRACE_RECORDS; k++)
		__atomic_store_n(&at_record(r->records + k)->what, 0, __ATOMIC_RELEASE);
	if (!old)
		r->next = first;
	r->time = d->now;
	r->type = type;
	r->probe = table->probes[d->event->probe];
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
	flags |= (r->flags & IN_RING) | (d->has_count ? 0 : TRACE_RESOURCE_COUNTED);
	__atomic_store_n(&r->flags, flags, __ATOMIC_RELEASE);
	__atomic_store_n(&r->where, d->event->address | (uint64_t)d->thread->identity << 48,
			 __ATOMIC_RELEASE);
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

static uint32_t create(uint32_t first, struct deed *d, uint32_t type)
{
	struct resource_type *declared = &resource_types[resource_probes[d->event->probe].type];
	/* a living one whose end was not seen: its memory was used again */
	uint32_t old = find(first, d->event->address, type);

	if (old && is_outer(at_resource(old), d)) {
		/* the outermost one is what the program called */
		at_resource(old)->probe = table->probes[d->event->probe];
		at_resource(old)->node = d->node;
		at_resource(old)->depth = d->event->depth;
		return first;
	}
	if (declared->declared->block == PROBE_BLOCK_HEAP && interval() == 1 &&
	    !is_in_heap(d->event->address))
		return first;
	if (d->event->verb == PROBE_CREATE) {
		verify(declared, type, d);
		count_type(&at_type(type)->created);
		return make(first, d, type, 0, old);
	}
	count_type(&at_type(type)->adopted);
	return make(first, d, type, TRACE_RESOURCE_ADOPTED, old);
}

/* Returns the element that has just ended if it is to go into a ring, else 0. */
static uint32_t end(uint32_t i, const struct deed *d)
{
	struct trace_resource *r = at_resource(i);

	r->end_time = d->now;
	r->end_node = d->node;
	r->end_probe = d->event ? table->probes[d->event->probe] : 0;
	r->end_thread = d->thread->identity;
	r->depth = d->event ? d->event->depth : 0;
	r->count = 0;
	count_type(&at_type(r->type)->ended);
	if (r->flags & IN_RING) {
		r->flags |= TRACE_RESOURCE_ENDED;
		return 0;
	}
	r->flags |= TRACE_RESOURCE_ENDED | IN_RING;
	return i;
}

/* The object's own count tells what happened out of sight. */
static void compare_counts(struct trace_resource *r, const struct deed *d)
{
	if (!d->has_count)
		return;
	if (r->count != d->count && !(r->flags & TRACE_RESOURCE_SUNK))
		r->flags |= TRACE_RESOURCE_UNSEEN;
	r->count = d->count;
}

/* A type that names its definite end is not ended by a count of 0: its objects can come back to life
 * while they are taken down. */
static int waits(const struct deed *d)
{
	const struct probe_type *t = resource_types[resource_probes[d->event->probe].type].declared;

	return d->has_count && (t->verbs & 1u << PROBE_FINAL);
}

/* The latest change by another thread. */
static const struct trace_record *other_change(const struct trace_resource *r, uint32_t thread)
{
	const struct trace_record *latest = NULL;

	for (uint32_t i = 0; r->records && i < TRACE_RECORDS; i++) {
		const struct trace_record *record = at_record(r->records + i);
		uint32_t verb = trace_record_verb(record);

		if (record->what && trace_record_thread(record) != thread &&
		    (verb == PROBE_RETAIN || verb == PROBE_RELEASE) &&
		    (!latest || record->sequence > latest->sequence))
			latest = record;
	}
	return latest;
}

static void check_race(struct trace_resource *r, const struct deed *d)
{
	uint32_t verb = d->event->verb, thread = d->thread->identity;
	const struct trace_record *other;
	struct trace_resource at_fault;
	int32_t seen = d->count;

	if ((verb != PROBE_RETAIN && verb != PROBE_RELEASE) || probe_is_after(declared_probe(d))) {
		race_forget(r);
		return;
	}
	if (r->race_threads[0] && (r->race_threads[1] || r->race_threads[0] != thread) &&
	    !read_count(resource_types[resource_probes[d->event->probe].type].declared, d->event->address, &seen))
		return;
	switch (race_step(r, thread, seen, verb == PROBE_RETAIN ? 1 : -1)) {
	case RACE_HIDDEN:
		count_type(&at_type(r->type)->unseen);
		return;
	case RACE_LOST:
		break;
	default:
		if (!r->race_threads[1] && seen != r->count && !(r->flags & TRACE_RESOURCE_SUNK))
			count_type(&at_type(r->type)->unseen);
		return;
	}
	other = other_change(r, thread);
	if (!other)
		return;
	at_fault = *r;
	at_fault.end_node = other->node;
	at_fault.end_probe = other->probe;
	at_fault.end_thread = trace_record_thread(other);
	at_fault.end_time = other->time;
	finding(TRACE_FINDING_RACED, &at_fault, table->probes[d->event->probe], d, d->event->address);
}

/* An operation on a living resource. Returns the element if it has ended. */
static uint32_t operate(uint32_t i, const struct deed *d)
{
	struct trace_resource *r = at_resource(i);

	if (d->has_count && d->event->verb != PROBE_TOUCH)
		check_race(r, d);
	compare_counts(r, d);
	switch (d->event->verb) {
	case PROBE_RETAIN:
		r->retains++;
		r->count++;
		break;
	case PROBE_SINK:
		r->retains++;
		r->count += r->flags & TRACE_RESOURCE_SUNK ? 1 : 0;
		r->flags |= TRACE_RESOURCE_SUNK;
		break;
	case PROBE_RELEASE:
		r->releases++;
		r->count--;
		break;
	case PROBE_FINAL:
		r->releases++;
		r->count = 0;
		break;
	default:
		r->touches++;
		break;
	}
	record(r, d);
	if (d->event->verb == PROBE_FINAL || (d->event->verb == PROBE_RELEASE && r->count <= 0 && !waits(d)))
		return end(i, d);
	return 0;
}

/* Whether the memory of an ended resource is still what it was, so that what is done to it now
 * is a mistake and not the life of another object in the same place. */
static int is_still_ended(const struct trace_resource *r, const struct deed *d, uintptr_t address,
			  uint32_t block)
{
	uint32_t slot = live_find(address);

	if (at_type(r->type)->flags & TRACE_TYPE_BY_HAND) /* until it is tracked again */
		return 1;
	if (block == PROBE_BLOCK_OWN && !slot)
		return 1;
	if (slot && trace_block_time(state_block(slot)) > r->end_time)
		return 0;
	return d->has_count && d->count <= 0;
}

/* The element stays in the ring, which skips what is alive when its turn comes. */
static void revive(uint32_t i, const struct deed *d)
{
	struct trace_resource *r = at_resource(i);

	r->flags &= ~TRACE_RESOURCE_ENDED;
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
static uint32_t after_end(uint32_t first, uint32_t i, const struct deed *d)
{
	const struct resource_type *t = &resource_types[resource_probes[d->event->probe].type];
	uint32_t verb = d->event->verb, other;

	if (i && comes_back(at_resource(i), d)) {
		revive(i, d);
		return 0;
	}
	if (i && is_still_ended(at_resource(i), d, d->event->address, t->declared->block)) {
		if (verb == PROBE_RELEASE || verb == PROBE_FINAL)
			finding(TRACE_FINDING_RELEASED_AGAIN, at_resource(i),
				table->probes[d->event->probe], d, d->event->address);
		else if (verb == PROBE_RETAIN || verb == PROBE_SINK)
			finding(TRACE_FINDING_RETAINED_ENDED, at_resource(i),
				table->probes[d->event->probe], d, d->event->address);
		return 0;
	}
	if (verb != PROBE_RELEASE && verb != PROBE_FINAL)
		return 0;
	other = i ? 0 : find(first, d->event->address, 0);
	if (other && !(at_resource(other)->flags & TRACE_RESOURCE_ENDED) &&
	    t->declared->block == PROBE_BLOCK_OWN &&
	    at_type(at_resource(other)->type)->block == PROBE_BLOCK_OWN) {
		finding(TRACE_FINDING_MISMATCHED, at_resource(other), table->probes[d->event->probe], d,
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
	return is_by_hand(resource_probes[d->event->probe].type) && d->event->verb != PROBE_CREATE &&
	       d->event->verb != PROBE_TOUCH && !(at_type(at_resource(i)->type)->flags & TRACE_TYPE_BY_HAND);
}

static void apply(struct deed *d, uint32_t type)
{
	uint32_t hash = resource_hash(d->event->address), first = lock_chain(hash), ended = 0;
	uint32_t i = find(first, d->event->address, is_any(d) ? 0 : type);
	int alive = i && !(at_resource(i)->flags & TRACE_RESOURCE_ENDED);

	if (i && is_foreign(i, d)) {
		unlock_chain(hash, first);
		return;
	}
	if (d->event->verb == PROBE_CREATE) {
		first = create(first, d, type);
	} else if (alive && d->event->verb == PROBE_ADOPT) {
		/* known already */
	} else if (alive) {
		ended = operate(i, d);
	} else if (probe_begins(declared_probe(d))) {
		d->count += d->event->verb == PROBE_RETAIN;
		first = create(first, d, type);
	} else {
		ended = after_end(first, i, d);
	}
	unlock_chain(hash, first);
	if (ended)
		remember(shard_of(d->thread), ended);
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
	uint32_t hash = resource_hash(address), first = lock_chain(hash);
	uint32_t i = find(first, address, type);
	int is_free = i && !(at_resource(i)->flags & IN_RING);

	if (i) {
		first = unlink_from(first, i);
		at_resource(i)->flags |= TRACE_RESOURCE_ENDED;
	}
	unlock_chain(hash, first);
	if (is_free)
		give_back(shard_of(t), i);
}

/* The resource's memory, and then its records', come while something else is done: most are met long after the last time. */
static inline const struct trace_resource *expect(uintptr_t address)
{
	uint32_t first = __atomic_load_n(&table->heads[resource_hash(address)], __ATOMIC_RELAXED) & ~RESOURCE_LOCK;
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
	struct deed d = {.event = event, .thread = t};
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
		d.has_count = read_count(declared->declared, event->address, &d.count);
	if (event->verb == PROBE_RETAIN && probe_is_after(declared_probe(&d)))
		d.count--; /* as it was before the call */
	if (needs_stack(&d))
		d.node = stack_capture(&t->stack, event->from.pc, event->from.sp, event->from.rbp);
	expect_records(met);
	d.now = state_now();
	apply(&d, type);
	thread_leave(t);
}

/* The living resource that is the block at `address`, 0 if there is none. */
static uint32_t of_block(uint32_t first, uintptr_t address)
{
	uint32_t i = find(first, address, 0);
	uint32_t block = i ? at_type(at_resource(i)->type)->block : PROBE_BLOCK_ANY;

	if (block != PROBE_BLOCK_OWN && block != PROBE_BLOCK_HEAP)
		return 0;
	return at_resource(i)->flags & TRACE_RESOURCE_ENDED ? 0 : i;
}

void resource_freed(struct thread *t, uintptr_t address, const struct live_caller *from)
{
	uint32_t hash = resource_hash(address), first, i;
	struct deed d = {.thread = t};

	first = lock_chain(hash);
	i = of_block(first, address);
	unlock_chain(hash, first);
	if (!i)
		return;
	d.now = state_now();
	d.node = stack_capture(&t->stack, from->pc, from->sp, from->rbp);
	first = lock_chain(hash);
	i = of_block(first, address);
	if (i && at_resource(i)->count > 1 &&
	    (!(at_resource(i)->flags & TRACE_RESOURCE_COUNTED) ||
	     at_type(at_resource(i)->type)->flags & TRACE_TYPE_BY_HAND))
		finding(TRACE_FINDING_FREED_HELD, at_resource(i), 0, &d, address);
	i = i ? end(i, &d) : 0;
	unlock_chain(hash, first);
	if (i)
		remember(shard_of(t), i);
}

void resource_mark_threads(unsigned char *named)
{
	uint32_t used = table ? (uint32_t)state.header->areas[TRACE_AREA_RESOURCE].used : 0;

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
	uint32_t used = table ? (uint32_t)state.header->areas[TRACE_AREA_RESOURCE].used : 0;

	for (uint32_t i = 1; i < used; i++)
		if (at_resource(i)->where && !(at_resource(i)->flags & TRACE_RESOURCE_ENDED))
			return 1;
	return 0;
}
