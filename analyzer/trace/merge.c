/* SPDX-License-Identifier: MIT */
/* Models of several processes -> one trace: see merge.h. */
#include "merge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "merge_private.h"

#define FIRST_ADDRESS 0x10000u

static uint32_t hash_of(const unsigned char *key, size_t size)
{
	uint64_t hash = size, word;

	for (; size; key += word, size -= word) {
		uint64_t part = 0;

		word = size < 8 ? size : 8;
		memcpy(&part, key, word);
		hash = (hash ^ part) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

static struct slot *slot_of(const struct numbering *n, uint32_t hash, const void *key, size_t size)
{
	size_t at = hash & (n->room - 1);

	while (n->slots[at].one && (n->slots[at].hash != hash || n->slots[at].one->size != size ||
				    memcmp(n->slots[at].one->key, key, size)))
		at = (at + 1) & (n->room - 1);
	return &n->slots[at];
}

static void widen(struct numbering *n)
{
	struct numbering wide = { .room = n->room ? n->room * 2 : 256, .count = n->count };

	wide.slots = pool_regrow(NULL, wide.room, sizeof(*wide.slots));
	memset(wide.slots, 0, wide.room * sizeof(*wide.slots));
	for (size_t i = 0; i < n->room; i++)
		if (n->slots[i].one)
			*slot_of(&wide, n->slots[i].hash, n->slots[i].one->key, n->slots[i].one->size) = n->slots[i];
	free(n->slots);
	*n = wide;
}

uint32_t *merge_number(struct merge *g, struct numbering *n, const void *key, size_t size)
{
	uint32_t hash = hash_of(key, size);
	struct slot *slot;

	if (n->count * 2 >= n->room)
		widen(n);
	slot = slot_of(n, hash, key, size);
	if (!slot->one) {
		slot->hash = hash;
		slot->one = pool_take(&g->pool, sizeof(*slot->one) + size);
		slot->one->size = (uint32_t)size;
		memcpy(slot->one->key, key, size);
		n->count++;
	}
	return &slot->one->number;
}

uint32_t merge_text(struct merge *g, const char *text)
{
	uint32_t *number;

	if (!text || !*text)
		return 0;
	number = merge_number(g, &g->texts, text, strlen(text));
	if (!*number)
		*number = write_text(&g->to, text);
	return *number;
}

struct merge *merge_open(void)
{
	struct merge *g = calloc(1, sizeof(*g));
	struct trace_node root = { .where = 1 };

	if (!g)
		abort();
	g->next_address = g->next_block = FIRST_ADDRESS;
	g->process = 1;
	g->to.header.root = write_add(&g->to, TRACE_AREA_NODE, &root, sizeof(root));
	return g;
}

static uint32_t *map_of(struct merge *g, uint32_t count)
{
	return pool_array(&g->scratch, count, sizeof(uint32_t));
}

static void add_releases(struct merge *g, const struct model *m)
{
	for (uint32_t i = 0; i < m->release_count; i++) {
		const struct release *from = &m->releases[i];
		struct trace_release t = { .site = merge_site(g, m, from->site), .node = merge_node(g, m, from->node) }, *to;
		uint32_t key[2] = { t.site, t.node }, *number;

		if (!t.site)
			continue;
		number = merge_number(g, &g->releases, key, sizeof(key));
		if (!*number)
			*number = write_add(&g->to, TRACE_AREA_RELEASE, &t, sizeof(t));
		to = write_at(&g->to, TRACE_AREA_RELEASE, *number);
		to->count += from->count;
		to->foreign += from->foreign;
		to->max_us = from->max_us > to->max_us ? from->max_us : to->max_us;
		for (unsigned k = 0; k < TRACE_AGES; k++)
			to->ages[k] = from->ages[k] > UINT16_MAX - to->ages[k] ? UINT16_MAX : (uint16_t)(to->ages[k] + from->ages[k]);
	}
}

/* A stack of Python code, outer frames first. */
static uint32_t add_python_stack(struct merge *g, const struct model *m, uint32_t frame)
{
	struct trace_python t = { .kind = TRACE_PYTHON_FRAME };
	uint32_t path[TRACE_PYTHON_KEPT], depth = 0;

	for (; frame && depth < TRACE_PYTHON_KEPT; frame = m->python_frames[frame].outer)
		path[depth++] = frame;
	while (depth--) {
		const struct python_frame *from = &m->python_frames[path[depth]];
		uint32_t *number;

		t.name = merge_text(g, from->function);
		t.file = merge_text(g, from->file);
		t.line = from->line;
		number = merge_number(g, &g->python, &t, sizeof(t));
		if (!*number)
			*number = write_add(&g->to, TRACE_AREA_PYTHON, &t, sizeof(t));
		t.stack = *number;
	}
	return t.stack;
}

static void add_python(struct merge *g, const struct model *m)
{
	struct trace_python refused = { .kind = TRACE_PYTHON_REFUSED, .name = merge_text(g, m->python_refusal) };
	uint32_t *number;

	for (uint32_t i = 0; i < m->python_seen_count; i++) {
		const struct python_seen *from = &m->python_seen[i];
		struct trace_python t = { .kind = TRACE_PYTHON_SEEN, .site = merge_site(g, m, from->site),
					  .stack = add_python_stack(g, m, from->stack) }, *to;

		number = merge_number(g, &g->python, &t, sizeof(t));
		if (!*number)
			*number = write_add(&g->to, TRACE_AREA_PYTHON, &t, sizeof(t));
		to = write_at(&g->to, TRACE_AREA_PYTHON, *number);
		to->count += from->count;
	}
	number = refused.name ? merge_number(g, &g->python, &refused, sizeof(refused)) : NULL;
	if (number && !*number)
		*number = write_add(&g->to, TRACE_AREA_PYTHON, &refused, sizeof(refused));
}

static void add_mismatches(struct merge *g, const struct model *m)
{
	for (uint32_t i = 0; i < m->mismatch_count; i++) {
		const struct mismatch *from = &m->mismatches[i];
		struct trace_mismatch t, *to;
		uint32_t *number;

		memset(&t, 0, sizeof(t));
		t.site = merge_site(g, m, from->site);
		t.node = merge_node(g, m, from->node);
		t.made_by = (uint16_t)from->made_by;
		t.released_by = (uint16_t)from->released_by;
		number = merge_number(g, &g->mismatches, &t, sizeof(t));
		if (!*number)
			*number = write_add(&g->to, TRACE_AREA_MISMATCH, &t, sizeof(t));
		to = write_at(&g->to, TRACE_AREA_MISMATCH, *number);
		to->thread = merge_thread(g, m, from->thread);
		to->count += from->count;
		to->bytes += from->bytes;
		to->first_us = model_age(m, from->first_us) > to->first_us ? model_age(m, from->first_us) : to->first_us;
		to->last_us = model_age(m, from->last_us);
	}
}

static void add_unread(struct merge *g, const struct model *m)
{
	for (uint32_t i = 0; i < m->scan.unread_count; i++) {
		const struct unread *from = &m->scan.unread[i];
		struct trace_unread t, *to;
		uint32_t *number;

		memset(&t, 0, sizeof(t));
		t.scan = 1;
		t.kind = (uint32_t)from->kind;
		strncpy(t.name, from->name, sizeof(t.name) - 1);
		number = merge_number(g, &g->unread, &t, sizeof(t));
		if (!*number)
			*number = write_add(&g->to, TRACE_AREA_UNREAD, &t, sizeof(t));
		to = write_at(&g->to, TRACE_AREA_UNREAD, *number);
		to->size += from->bytes;
		to->ranges += from->ranges;
	}
}

static uint32_t end_as(enum ending ending)
{
	static const uint32_t as[ENDINGS] = {
		[ENDING_RUNNING] = TRACE_PROCESS_RUNNING, [ENDING_SNAPSHOT] = TRACE_PROCESS_COPY,
		[ENDING_UNKNOWN] = 1 + TRACE_END_NONE,	  [ENDING_EXIT] = 1 + TRACE_END_EXIT,
		[ENDING_FAST_EXIT] = 1 + TRACE_END_FAST_EXIT, [ENDING_QUICK_EXIT] = 1 + TRACE_END_QUICK_EXIT,
		[ENDING_ABORT] = 1 + TRACE_END_ABORT,	  [ENDING_SIGNAL] = 1 + TRACE_END_SIGNAL,
		[ENDING_EXEC] = 1 + TRACE_END_EXEC,	  [ENDING_CALL] = 1 + TRACE_END_CALL,
	};

	return as[ending];
}

static void add_process(struct merge *g, const struct model *m, const struct process *p, uint32_t resource)
{
	struct trace_process t = {
		.end = end_as(p->ending),
		.end_detail = p->is_detail_unknown ? TRACE_DETAIL_UNKNOWN : p->detail,
		.pid = p->pid,
		.flags = (p->is_scanned ? TRACE_PROCESS_SCANNED : 0) | (m->scan.is_at_end ? TRACE_PROCESS_AT_END : 0),
		.program = merge_text(g, p->program),
		.failure = merge_text(g, m->scan.failure),
		.missing = merge_text(g, m->scan.missing),
		.resource = resource,
	};

	write_add(&g->to, TRACE_AREA_PROCESS, &t, sizeof(t));
}

/* Its own, or those that a merged trace is made of. */
static uint32_t add_processes(struct merge *g, const struct model *m)
{
	struct write_area *resources = &g->to.areas[TRACE_AREA_RESOURCE];
	uint32_t first = resources->count ? resources->count : 1;

	if (m->process_count) {
		for (uint32_t i = 1; i < m->process_count; i++)
			add_process(g, m, &m->processes[i], first + m->processes[i].resource);
		return m->process_count - 1;
	}
	add_process(g, m, &(struct process){ .pid = m->pid, .program = m->program, .ending = m->ending, .detail = m->ending_detail,
					     .is_detail_unknown = m->is_detail_unknown, .is_scanned = m->scan.is_done }, first);
	return 1;
}

static uint32_t level_of(const struct model *m)
{
	static const char *const names[] = { "disabled", "simple", "advanced" };

	for (uint32_t i = 0; i < 3; i++)
		if (!strcmp(m->level, names[i]))
			return i;
	return TRACE_LEVEL_PARANOID;
}

static void add_header(struct merge *g, const struct model *m)
{
	struct trace_header *h = &g->to.header;
	bool is_first = g->process == 1;

	if (is_first)
		h->level = level_of(m);
	if (level_of(m) < h->level)
		h->level = level_of(m);
	if (is_first)
		snprintf(h->program, sizeof(h->program), "%s", m->program);
	if (is_first)
		snprintf(h->executable, sizeof(h->executable), "%s", m->executable);
	if (is_first || m->start_realtime_ns < h->start_realtime_ns)
		h->start_realtime_ns = m->start_realtime_ns;
	for (unsigned i = 0; i < TRACE_DROPS; i++)
		h->drops[i] += m->drops[i];
	h->filtered |= (m->filter.is_seen ? TRACE_FILTER_SEEN : 0) | (m->filter.is_opaque ? TRACE_FILTER_OPAQUE : 0);
	if (m->is_stopped || m->is_partial) {
		h->flags |= TRACE_FLAG_STOPPED;
		snprintf(h->stop_reason, sizeof(h->stop_reason), "%s",
			 m->is_stopped ? m->stop_reason : "the trace of one process is damaged");
	}
	if (m->now_us > g->longest_us)
		g->longest_us = m->now_us;
}

/* What programs brought along is in force for all. */
static void add_suppressions(struct merge *g, const char *text)
{
	size_t had = g->suppressions ? strlen(g->suppressions) : 0;

	if (!text || !*text || (had && strstr(g->suppressions, text)))
		return;
	g->suppressions = pool_regrow(g->suppressions, had + strlen(text) + 2, 1);
	sprintf(g->suppressions + had, "%s\n", text);
}

int merge_add(struct merge *g, const struct model *m)
{
	if (m->java.status != JAVA_NONE)
		return -1;
	g->module_of = map_of(g, m->module_count);
	g->thread_of = map_of(g, m->thread_count);
	g->node_of = map_of(g, m->node_count);
	g->site_of = map_of(g, m->site_count);
	g->block_of = map_of(g, m->block_count);
	g->type_of = map_of(g, m->type_count);
	g->probe_of = map_of(g, m->probe_count);
	add_header(g, m);
	add_suppressions(g, m->suppressions);
	uint32_t processes = add_processes(g, m);
	merge_sites(g, m);
	merge_crowds(g, m);
	add_releases(g, m);
	add_python(g, m);
	add_mismatches(g, m);
	add_unread(g, m);
	g->process += processes;
	pool_drop(&g->scratch);
	return 0;
}

/* Ages become times before one common end. */
static void settle_times(struct merge *g)
{
	struct trace_write *to = &g->to;
	uint64_t end = g->longest_us;

	for (uint32_t i = 1; i < to->areas[TRACE_AREA_CROWD].count; i++) {
		struct trace_crowd *t = write_at(to, TRACE_AREA_CROWD, i);

		t->oldest = end - t->oldest;
		t->newest = end - t->newest;
	}
	for (uint32_t i = 1; i < to->areas[TRACE_AREA_RESOURCE].count; i++) {
		struct trace_resource *t = write_at(to, TRACE_AREA_RESOURCE, i);

		t->time = end - t->time;
	}
	for (uint32_t i = 1; i < to->areas[TRACE_AREA_RECORD].count; i++) {
		struct trace_record *t = write_at(to, TRACE_AREA_RECORD, i);

		t->time = end - t->time;
	}
	for (uint32_t i = 1; i < to->areas[TRACE_AREA_FINDING].count; i++) {
		struct trace_finding *t = write_at(to, TRACE_AREA_FINDING, i);

		t->first_time = end - t->first_time;
		t->last_time = end - t->last_time;
	}
	for (uint32_t i = 1; i < to->areas[TRACE_AREA_MISMATCH].count; i++) {
		struct trace_mismatch *t = write_at(to, TRACE_AREA_MISMATCH, i);

		t->first_us = end - t->first_us;
		t->last_us = end - t->last_us;
	}
}

int merge_write(struct merge *g, int fd)
{
	settle_times(g);
	merge_members_write(g);
	g->to.header.flags |= TRACE_FLAG_MERGED | TRACE_FLAG_COPY;
	g->to.header.end_time = g->longest_us;
	g->to.header.suppressions = g->suppressions ? write_text(&g->to, g->suppressions) : 0;
	return write_file(&g->to, fd);
}

static void forget(struct numbering *n)
{
	free(n->slots);
}

void merge_close(struct merge *g)
{
	struct numbering *all[] = { &g->texts, &g->modules, &g->threads, &g->nodes, &g->sites, &g->releases, &g->mismatches,
				    &g->crowds, &g->types, &g->probes, &g->hints, &g->findings, &g->problems,
				    &g->unread, &g->python };

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		forget(all[i]);
	free(g->suppressions);
	free(g->likes);
	for (uint32_t i = 0; i < g->membership_room; i++)
		free(g->memberships[i].words);
	free(g->memberships);
	write_drop(&g->to);
	pool_drop(&g->scratch);
	pool_drop(&g->pool);
	free(g);
}
