/* SPDX-License-Identifier: MIT */
/* What was done wrong, each mistake once; and whether a type's count can be read at all. */
#include "area.h"
#include "resource_private.h"
#include "rules.h"

#define FINDINGS 512u

void resource_finding(enum trace_finding_kind kind, const struct trace_resource *r, uint32_t probe, const struct deed *d,
		      uintptr_t address)
{
	struct trace_finding *f;
	uint32_t used, i;

	state_lock(&resource_table->lock_findings);
	used = (uint32_t)state.header->areas[TRACE_AREA_FINDING].used;
	for (i = 1; i < used; i++) {
		f = at_finding(i);
		if (f->kind == (uint32_t)kind && f->probe == probe && f->node == d->node &&
		    f->type == r->type && f->made_node == r->node && f->end_node == r->end_node)
			break;
	}
	if (i >= used && (used > FINDINGS || !(i = area_take(TRACE_AREA_FINDING, 1)))) {
		state_unlock(&resource_table->lock_findings);
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
	state_unlock(&resource_table->lock_findings);
}

void resource_verify(struct resource_type *t, uint32_t type, struct deed *d)
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

void resource_raced(const struct trace_resource *r, const struct deed *d)
{
	const struct trace_record *other = other_change(r, d->thread->identity);

	if (!other)
		return;
	struct trace_resource at_fault = *r;

	at_fault.end_node = other->node;
	at_fault.end_probe = other->probe;
	at_fault.end_thread = trace_record_thread(other);
	at_fault.end_time = other->time;
	resource_finding(TRACE_FINDING_RACED, &at_fault, resource_table->probes[d->event->probe], d, d->event->address);
}
