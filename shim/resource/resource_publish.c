/* SPDX-License-Identifier: MIT */
/* What the analyzer is told about types and probe lines: see resource.h. */
#include <string.h>

#include "area.h"
#include "resource_private.h"
#include "rules.h"

static uint32_t word_text(const struct probe_word *word)
{
	return word->size ? area_text(word->at, word->size) : 0;
}

static uint32_t text(const char *string)
{
	return string && *string ? area_text(string, strlen(string)) : 0;
}

/* The TYPE entry of a type in this process's trace. Caller holds lock_publish. */
static uint32_t publish_type(uint32_t type)
{
	const struct resource_type *t = &resource_types[type];
	struct trace_type *entry;
	uint32_t i = resource_table->types[type], name;

	if (i || !(name = word_text(&t->declared->name)) || !(i = area_take(TRACE_AREA_TYPE, 1)))
		return i;
	entry = at_type(i);
	entry->library = word_text(&t->declared->library);
	entry->block = t->declared->block;
	entry->interval = resource_interval();
	entry->count_offset = t->declared->count_offset;
	entry->count_format = t->declared->count_format;
	entry->flags = (resource_is_by_hand(type) ? TRACE_TYPE_BY_HAND : 0) | (t->is_java ? TRACE_TYPE_JAVA : 0) |
		       (t->declared->count_format ? TRACE_TYPE_HAS_COUNT : 0) |
		       (type == RESOURCE_THREAD_TYPE ? TRACE_TYPE_THREAD : 0) |
		       (type >= RESOURCE_LIBC_TYPE && type < RESOURCE_THREAD_TYPE ? TRACE_TYPE_HANDLE : 0) |
		       (type == RESOURCE_TIMER_TYPE ? TRACE_TYPE_NUMBER : 0) |
		       (t->declared->role == PROBE_ROLE_CONTAINER ? TRACE_TYPE_CONTAINER : 0) |
		       (t->verified ? TRACE_TYPE_READS : 0) | (t->misread ? TRACE_TYPE_MISREAD : 0);
	__atomic_store_n(&entry->name, name, __ATOMIC_RELEASE);
	__atomic_store_n(&resource_table->types[type], i, __ATOMIC_RELEASE);
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
	uint32_t type = publish_type(p->type), i = resource_table->probes[probe], symbol = 0;
	struct trace_probe *entry;

	if (!type || (!i && (!(symbol = p->symbol ? text(p->symbol) : word_text(&p->declared->symbol)) ||
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
	__atomic_store_n(&resource_table->probes[probe], i, __ATOMIC_RELEASE);
	if (resource_is_by_hand(p->type) && p->declared->verb == PROBE_CREATE) /* one release serves all of them */
		at_type(type)->release = publish_probe(RESOURCE_RELEASE_BY_HAND);
	else
		remember_release(type, i, p->declared->verb);
	return i;
}

void resource_publish(void)
{
	if (!resource_table)
		return;
	state_lock(&resource_table->lock_publish);
	for (uint32_t i = 0; i < resource_probes_used; i++)
		publish_probe(i);
	state_unlock(&resource_table->lock_publish);
}

uint32_t resource_publish_one(uint32_t probe)
{
	state_lock(&resource_table->lock_publish);
	uint32_t i = publish_probe(probe);
	state_unlock(&resource_table->lock_publish);
	return i;
}
