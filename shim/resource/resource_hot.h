/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RESOURCE_HOT_H
#define LEAKSHIM_RESOURCE_HOT_H
/* What every retain and release of a followed resource passes through, inline: as calls it cost a quarter more. The caller
 * holds the chain. */
#include <string.h>

#include "area.h"
#include "race.h"
#include "resource_private.h"

#define RESOURCE_FIRST_KEPT 3u /* records that are never thinned, next to the creation */

static inline uint32_t resource_what(const struct deed *d)
{
	return d->event->verb | d->event->hint << 8 | d->thread->identity << 16;
}

/* Reads the count from an object that is being passed to its own library, which reads it too. 0: it cannot be. */
static inline int resource_read_count(const struct probe_type *t, uintptr_t address, int32_t *count)
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

static inline void resource_check_race(struct trace_resource *r, const struct deed *d)
{
	uint32_t verb = d->event->verb, thread = d->thread->identity;
	int32_t seen = d->count;

	if ((verb != PROBE_RETAIN && verb != PROBE_RELEASE) || probe_is_after(declared_probe(d))) {
		race_forget(r);
		return;
	}
	if (r->race_threads[0] && (r->race_threads[1] || r->race_threads[0] != thread) &&
	    !resource_read_count(resource_types[resource_probes[d->event->probe].type].declared, d->event->address, &seen))
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
	resource_raced(r, d);
}

/* The object's own count tells what happened out of sight, and whether two threads changed it at once. */
static inline void resource_compare(struct trace_resource *r, const struct deed *d)
{
	if (!d->has_count)
		return;
	if (d->event->verb != PROBE_TOUCH)
		resource_check_race(r, d);
	if (r->count != d->count && !(r->flags & TRACE_RESOURCE_SUNK))
		r->flags |= TRACE_RESOURCE_UNSEEN;
	r->count = d->count;
}

/* Which of the middle records says least: the one whose neighbours are close to each other
 * in proportion to how long ago they were. */
static inline uint32_t resource_least(uint32_t records, uint32_t sequence)
{
	uint32_t worst = RESOURCE_FIRST_KEPT;
	uint64_t worst_gap = UINT64_MAX;

	for (uint32_t i = RESOURCE_FIRST_KEPT; i < TRACE_RECORDS; i++) {
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

static inline void resource_move_record(uint32_t to, uint32_t from)
{
	struct trace_record copy = *at_record(from);

	__atomic_store_n(&at_record(to)->what, 0, __ATOMIC_RELEASE);
	copy.what = 0;
	*at_record(to) = copy;
	__atomic_store_n(&at_record(to)->what, at_record(from)->what, __ATOMIC_RELEASE);
}

/* The place for a new record: a free one, or the last one after a middle one was given up.
 * Records lie in the order of their last time, but for merged ones among the first. */
static inline uint32_t resource_record_place(struct trace_resource *r, uint32_t sequence)
{
	for (uint32_t i = 0; i < TRACE_RECORDS; i++)
		if (!at_record(r->records + i)->what)
			return r->records + i;
	uint32_t gone = resource_least(r->records, sequence);
	r->thinned += at_record(r->records + gone)->times;
	for (uint32_t i = gone; i + 1 < TRACE_RECORDS; i++)
		resource_move_record(r->records + i, r->records + i + 1);
	return r->records + TRACE_RECORDS - 1;
}

/* The same deed from the same place again is counted in its record. */
static inline void resource_record(struct trace_resource *r, const struct deed *d)
{
	uint32_t probe = resource_table->probes[d->event->probe];
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
		place->what = resource_what(d);
		return;
	}
	place = at_record(resource_record_place(r, sequence));
	__atomic_store_n(&place->what, 0, __ATOMIC_RELEASE);
	place->node = d->node;
	place->probe = probe;
	place->times = 1;
	place->count = r->count;
	place->sequence = sequence;
	place->time = d->now;
	__atomic_store_n(&place->what, resource_what(d), __ATOMIC_RELEASE);
}
#endif
