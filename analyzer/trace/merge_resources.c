/* SPDX-License-Identifier: MIT */
/* Counted things of one process in the merged trace, and what was done wrong: see merge.h. */
#include <string.h>

#include "merge_private.h"
#include "probe_file.h"

static uint32_t count_format(unsigned width)
{
	return width == 8 ? PROBE_COUNT_U64 : width == 4 ? PROBE_COUNT_I32 : 0;
}

static uint32_t cut_class(const struct resource *r)
{
	return r->is_kept ? TRACE_CUT_KEPT : r->is_loose ? TRACE_CUT_POINTED : TRACE_CUT_AS_BLOCK;
}

static uint32_t merge_type(struct merge *g, const struct model *m, uint32_t type)
{
	const struct type *from = &m->types[type];
	uint32_t key[2], *number;

	if (!type || !*from->name)
		return 0;
	if (!g->type_of[type]) {
		key[0] = merge_text(g, from->name);
		key[1] = merge_text(g, from->release);
		number = merge_number(g, &g->types, key, sizeof(key));
		if (!*number) {
			struct trace_type t = { .name = key[0], .interval = from->interval, .count_offset = from->count_offset,
						.count_format = count_format(from->count_width) };

			*number = write_add(&g->to, TRACE_AREA_TYPE, &t, sizeof(t));
		}
		g->type_of[type] = 1 + *number;
	}
	return g->type_of[type] - 1;
}

static uint32_t merge_probe(struct merge *g, const struct model *m, uint32_t probe)
{
	const struct probe *from = &m->probes[probe];
	struct trace_probe t;
	uint32_t *number;

	if (!probe || !*from->symbol)
		return 0;
	if (!g->probe_of[probe]) {
		memset(&t, 0, sizeof(t));
		t.symbol = merge_text(g, from->symbol);
		t.type = merge_type(g, m, from->type < m->type_count ? from->type : 0);
		t.verb = (uint32_t)from->verb;
		t.status = (uint32_t)from->hook;
		t.reason = merge_text(g, from->reason);
		t.file = merge_text(g, from->file);
		t.line = from->line;
		number = merge_number(g, &g->probes, &t, sizeof(t));
		if (!*number)
			*number = write_add(&g->to, TRACE_AREA_PROBE, &t, sizeof(t));
		g->probe_of[probe] = 1 + *number;
	}
	return g->probe_of[probe] - 1;
}

/* A type names the function that ends its things as a probe. */
static void name_releases(struct merge *g, const struct model *m)
{
	for (uint32_t i = 1; i < m->probe_count; i++) {
		const struct probe *from = &m->probes[i];
		uint32_t type = from->type < m->type_count ? from->type : 0, probe = merge_probe(g, m, i);
		struct trace_type *to = type ? write_at(&g->to, TRACE_AREA_TYPE, merge_type(g, m, type)) : NULL;

		if (to && probe && !to->release && !strcmp(from->symbol, m->types[type].release))
			to->release = probe;
	}
	for (uint32_t i = 1; i < m->type_count; i++) {
		uint32_t type = merge_type(g, m, i);

		if (type)
			((struct trace_type *)write_at(&g->to, TRACE_AREA_TYPE, type))->unseen += m->types[i].unseen;
	}
}

static uint32_t merge_hint(struct merge *g, const char *hint)
{
	struct trace_hint t = { .text = merge_text(g, hint) };
	uint32_t *number;

	if (!t.text)
		return 0;
	number = merge_number(g, &g->hints, &t, sizeof(t));
	if (!*number)
		*number = g->to.areas[TRACE_AREA_HINT].count < TRACE_HINT_OTHER ? write_add(&g->to, TRACE_AREA_HINT, &t, sizeof(t))
										 : TRACE_HINT_OTHER;
	return *number;
}

static uint32_t merge_steps(struct merge *g, const struct model *m, const struct resource *r)
{
	uint32_t first = 0;

	for (unsigned i = 0; r->step_count && i < TRACE_RECORDS; i++) {
		const struct step *s = &m->steps[r->steps + i];
		struct trace_record t = { 0 };
		uint32_t at;

		if (i < r->step_count)
			t = (struct trace_record){
				.what = s->verb | merge_hint(g, s->hint) << 8 | merge_thread(g, m, s->thread) << 16,
				.node = merge_node(g, m, s->node),
				.probe = merge_probe(g, m, s->probe),
				.times = s->times,
				.count = s->count,
				.sequence = s->sequence,
				.time = model_age(m, s->time_us),
			};
		at = write_add(&g->to, TRACE_AREA_RECORD, &t, sizeof(t));
		first = first ? first : at;
	}
	return first;
}

static void add_resource(struct merge *g, const struct model *m, const struct resource *r, uint32_t block)
{
	bool is_looked_at = r->cut_scan && r->cut_scan == m->scan.number;
	struct trace_resource t = {
		.where = merge_address(g, m, block, r->address) | (uint64_t)merge_thread(g, m, r->thread) << TRACE_ADDRESS_BITS,
		.time = model_age(m, r->time_us),
		.type = merge_type(g, m, r->type),
		.probe = merge_probe(g, m, r->probe),
		.node = merge_node(g, m, r->node),
		.count = r->count,
		.flags = (r->is_adopted ? TRACE_RESOURCE_ADOPTED : 0) | (r->is_counted ? TRACE_RESOURCE_COUNTED : 0),
		.records = merge_steps(g, m, r),
		.retains = r->retains,
		.releases = r->releases,
		.touches = r->touches,
		.thinned = r->thinned,
		.size = r->size,
		.cut_class = (uint8_t)cut_class(r),
		.cut_count = r->cut_count,
		.cut_pointers = r->cut_pointers,
		.cut_scan = is_looked_at,
		.cut_short = r->cut_short,
	};

	write_add(&g->to, TRACE_AREA_RESOURCE, &t, sizeof(t));
}

static void add_misuse(struct merge *g, const struct model *m, const struct misuse *from)
{
	struct trace_finding t, *to;
	uint32_t *number;

	memset(&t, 0, sizeof(t));
	t.kind = (uint32_t)from->kind;
	t.type = merge_type(g, m, from->type);
	t.probe = merge_probe(g, m, from->probe);
	t.node = merge_node(g, m, from->node);
	t.made_node = merge_node(g, m, from->made_node);
	t.end_node = merge_node(g, m, from->end_node);
	number = merge_number(g, &g->findings, &t, sizeof(t));
	if (!*number)
		*number = write_add(&g->to, TRACE_AREA_FINDING, &t, sizeof(t));
	to = write_at(&g->to, TRACE_AREA_FINDING, *number);
	to->thread = merge_thread(g, m, from->thread);
	to->end_thread = merge_thread(g, m, from->end_thread);
	to->count = from->count;
	to->times += from->times;
	to->first_time = model_age(m, from->first_us) > to->first_time ? model_age(m, from->first_us) : to->first_time;
	to->last_time = model_age(m, from->last_us);
}

static void add_problem(struct merge *g, const char *text)
{
	struct trace_problem t = { .text = merge_text(g, text) };
	uint32_t *number = merge_number(g, &g->problems, &t, sizeof(t));

	if (!*number && t.text)
		*number = write_add(&g->to, TRACE_AREA_PROBLEM, &t, sizeof(t));
}

void merge_resources(struct merge *g, const struct model *m, const uint32_t *contents)
{
	name_releases(g, m);
	for (uint32_t i = 0; i < m->resource_count; i++)
		add_resource(g, m, &m->resources[i], contents[i]);
	for (uint32_t i = 0; i < m->misuse_count; i++)
		add_misuse(g, m, &m->misuses[i]);
	for (uint32_t i = 0; i < m->problem_count; i++)
		add_problem(g, m->problems[i]);
}
