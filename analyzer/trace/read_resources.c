/* SPDX-License-Identifier: MIT */
/* Trace -> model: what probe files name, see read.h and read_parts.h. */
#include <stdlib.h>

#include "probe_file.h"
#include "read_parts.h"

_Static_assert((int)TRACE_FINDING_RACED == (int)WRONG_RACED, "findings");
_Static_assert((int)TRACE_FINDING_FREED_FOREIGN == (int)WRONG_FREED_FOREIGN, "findings");
_Static_assert((int)TRACE_PROBE_LED == (int)HOOK_LED, "hooks");

/* Counts that begin at 1 and are counted up. */
static unsigned count_width(uint32_t format)
{
	return format == PROBE_COUNT_U32 || format == PROBE_COUNT_I32 ? 4 : format == PROBE_COUNT_U64 ? 8 : 0;
}

static int read_types(struct model *m, const struct trace_file *f)
{
	struct trace_type t;

	m->type_count = area_count(f, TRACE_AREA_TYPE);
	m->types = pool_array(&m->pool, m->type_count, sizeof(*m->types));
	for (uint32_t i = 0; i < m->type_count; i++) {
		const void *from = i ? ELEMENT(f, TRACE_AREA_TYPE, i, &t) : NULL;
		struct type *to = &m->types[i];

		to->name = i ? "" : "block"; /* 0: of findings that are about no resource */
		to->release = "";
		if (!from || !t.name)
			continue;
		to->name = text_at(m, f, t.name);
		to->interval = t.interval ? t.interval : 1;
		to->is_java = t.flags & TRACE_TYPE_JAVA;
		to->unseen = t.unseen;
		to->count_offset = t.count_offset;
		to->count_width = count_width(t.count_format);
		if (!to->name)
			return file_complain_at(f, from, "a type's name lies nowhere");
		if (t.release >= m->probe_count)
			return file_complain_at(f, from, "a type's release lies nowhere");
		to->release = m->probes[t.release].symbol;
	}
	return 0;
}

static int read_probes(struct model *m, const struct trace_file *f)
{
	struct trace_probe t;

	m->probe_count = area_count(f, TRACE_AREA_PROBE);
	m->probes = pool_array(&m->pool, m->probe_count, sizeof(*m->probes));
	for (uint32_t i = 0; i < m->probe_count; i++) {
		const void *from = i ? ELEMENT(f, TRACE_AREA_PROBE, i, &t) : NULL;
		struct probe *to = &m->probes[i];

		to->symbol = to->reason = to->file = "";
		if (!from || !t.symbol)
			continue;
		to->symbol = text_at(m, f, t.symbol);
		to->reason = text_at(m, f, t.reason);
		to->file = text_at(m, f, t.file);
		to->type = t.type;
		to->line = t.line;
		to->address = t.address;
		to->verb = t.verb < VERBS ? (enum verb)t.verb : VERB_NONE;
		to->whole = to->linker_name = to->symbol;
		to->hook = t.status < HOOKS ? (enum hook)t.status : HOOK_NOT_LOADED;
		if (!to->symbol || !to->reason || !to->file)
			return file_complain_at(f, from, "a probe's name lies nowhere");
	}
	return 0;
}

/* Of a type with such a function nothing is certain: a release that was not seen may have ended what seems lost. */
static void note_refused(struct model *m)
{
	for (uint32_t i = 1; i < m->probe_count; i++) {
		const struct probe *p = &m->probes[i];
		struct type *type = p->type && p->type < m->type_count ? &m->types[p->type] : NULL;

		if (!type || p->verb == VERB_NONE || p->verb == VERB_CREATE || p->verb == VERB_TOUCH)
			continue;
		if (p->hook == HOOK_REFUSED && !type->refused)
			type->refused = p;
		if (p->hook == HOOK_LED && !type->led)
			type->led = p;
	}
}

static const char *verb_name(uint32_t verb)
{
	static const char *const names[] = { "?",     "create", "retain", "sink", "release",
					     "final", "touch",  "move",	  "adopt" };

	return names[verb < sizeof(names) / sizeof(*names) ? verb : 0];
}

static int step_order(const void *left, const void *right)
{
	const struct step *a = left, *b = right;

	return a->sequence < b->sequence ? -1 : a->sequence > b->sequence;
}

/* The text of a record's hint in *text, 0 if it has none. */
static int read_hint(struct model *m, const struct trace_file *f, const void *record, uint32_t hint,
		     const char **text)
{
	struct trace_hint t;

	*text = hint == TRACE_HINT_OTHER ? "one of more hints than are kept" : NULL;
	if (!hint || *text || hint >= area_count(f, TRACE_AREA_HINT))
		return hint && !*text ? file_complain_at(f, record, "a record's hint lies nowhere") : 0;
	if (!ELEMENT(f, TRACE_AREA_HINT, hint, &t) || !t.text)
		return 0;
	*text = text_at(m, f, t.text);
	return *text ? 0 : file_complain_at(f, record, "a record's hint lies nowhere");
}

static int read_steps(struct model *m, const struct trace_file *f, struct resource *r, uint32_t first)
{
	struct trace_record t;
	const char *hint;
	uint32_t thread;

	r->steps = m->step_count;
	for (uint32_t i = first; first && i < first + TRACE_RECORDS; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_RECORD, i, &t);

		if (!from || !t.what)
			continue;
		thread = trace_record_thread(&t);
		if (check_index(f, from, &t.node, m->node_count, "a record leads nowhere") ||
		    check_index(f, from, &t.probe, m->probe_count, "a record leads nowhere") ||
		    check_index(f, from, &thread, m->thread_count, "a record leads nowhere") ||
		    read_hint(m, f, from, trace_record_hint(&t), &hint))
			return -1;
		m->steps[m->step_count++] = (struct step){
			.op = verb_name(trace_record_verb(&t)),
			.verb = (uint8_t)trace_record_verb(&t),
			.hint = hint,
			.node = t.node,
			.probe = t.probe,
			.times = t.times,
			.count = t.count,
			.sequence = t.sequence,
			.thread = (uint16_t)thread,
			.time_us = t.time,
		};
		r->step_count++;
	}
	if (r->step_count)
		qsort(&m->steps[r->steps], r->step_count, sizeof(*m->steps), step_order);
	return 0;
}

static int read_end(struct model *m, const struct trace_file *f, struct trace_resource *t, const void *from,
		    struct resource *to)
{
	if (check_index(f, from, &t->end_node, m->node_count, "a resource leads nowhere") ||
	    check_index(f, from, &t->end_probe, m->probe_count, "a resource leads nowhere") ||
	    check_index(f, from, &t->end_thread, m->thread_count, "a resource leads nowhere"))
		return -1;
	to->is_ended = true;
	to->end_us = t->end_time;
	to->end_node = t->end_node;
	to->end_probe = t->end_probe;
	to->end_thread = (uint16_t)t->end_thread;
	return 0;
}

/* index: in the trace. */
static int read_resource(struct model *m, const struct trace_file *f, struct trace_resource *t,
			 const void *from, uint32_t index)
{
	bool is_ended = t->flags & TRACE_RESOURCE_ENDED;
	struct resource *to = &m->resources[m->resource_count + (is_ended ? m->ended_count++ : 0)];
	uint32_t thread = trace_resource_thread(t);

	m->resource_count += !is_ended;

	if (check_index(f, from, &t->type, m->type_count, "a resource leads nowhere") ||
	    check_index(f, from, &t->node, m->node_count, "a resource leads nowhere") ||
	    check_index(f, from, &thread, m->thread_count, "a resource leads nowhere"))
		return -1;
	if (check_index(f, from, &t->probe, m->probe_count, "a resource leads nowhere"))
		return -1;
	if (t->records > UINT32_MAX - TRACE_RECORDS)
		return file_complain_at(f, from, "a resource's records lie nowhere");
	*to = (struct resource){
		.address = trace_resource_address(t),
		.size = t->size,
		.time_us = t->time,
		.type = t->type,
		.node = t->node,
		.probe = t->probe,
		.count = t->count,
		.is_adopted = t->flags & TRACE_RESOURCE_ADOPTED,
		.is_counted = t->flags & TRACE_RESOURCE_COUNTED,
		.thread = (uint16_t)thread,
		.retains = t->retains,
		.releases = t->releases,
		.touches = t->touches,
		.thinned = t->thinned,
		.cut_count = t->cut_count,
		.cut_pointers = t->cut_pointers,
		.cut_short = t->cut_short,
		.is_kept = t->cut_class == TRACE_CUT_KEPT,
		.is_loose = t->cut_class != TRACE_CUT_AS_BLOCK,
		.cut_scan = t->cut_scan,
	};
	if (is_ended && read_end(m, f, t, from, to))
		return -1;
	if (m->types[t->type].is_java && read_java_object(m, f, index, t, to))
		return -1;
	return read_steps(m, f, to, t->records);
}

/* Those that are alive, or those Java objects that are not. */
static bool is_wanted(const struct model *m, const struct trace_resource *t, bool ended)
{
	if (!t->where || !(t->flags & TRACE_RESOURCE_ENDED) == ended || (!ended && t->cut_class == TRACE_CUT_GONE))
		return false;
	return !ended || (t->type < m->type_count && m->types[t->type].is_java);
}

static int read_some(struct model *m, const struct trace_file *f, bool ended, uint32_t *slots)
{
	uint32_t used = f->areas[TRACE_AREA_RESOURCE].used;
	struct trace_resource t;
	int result = 0;

	for (uint32_t i = 1; i < used && !result; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_RESOURCE, i, &t);

		if (!from || !is_wanted(m, &t, ended))
			continue;
		result = read_resource(m, f, &t, from, i);
		slots[i] = m->resource_count + m->ended_count; /* 1 + its index */
	}
	return result;
}

/* Those that were let go, by whoever owned them. */
static void read_ended(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_RESOURCE].used;
	struct trace_resource t;

	m->ended = pool_array(&m->pool, used, sizeof(*m->ended));
	for (uint32_t i = 1; i < used; i++) {
		if (!ELEMENT(f, TRACE_AREA_RESOURCE, i, &t) || !t.where || !(t.flags & TRACE_RESOURCE_ENDED) ||
		    t.flags & (TRACE_RESOURCE_COLLECTED | TRACE_RESOURCE_ABANDONED | TRACE_RESOURCE_ADOPTED))
			continue;
		if (t.type < m->type_count && t.node < m->node_count)
			m->ended[m->all_ended_count++] = (struct ended){ t.type, t.node, t.time, t.end_time };
	}
}

static int read_resources(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_RESOURCE].used;
	uint32_t *slots = pool_array(&m->pool, (size_t)used + 1, sizeof(*slots));
	int result;

	m->resources = pool_array(&m->pool, used, sizeof(*m->resources));
	m->steps = pool_array(&m->pool, (size_t)used * TRACE_RECORDS, sizeof(*m->steps));
	if ((result = read_some(m, f, false, slots)) || (result = read_some(m, f, true, slots)))
		return result;
	read_java_around(m, f, slots);
	read_ended(m, f);
	return 0;
}

/* A lost change, and one that a macro made out of sight, look alike when seen once. Where counts change out
 * of sight, they do so between two calls of one thread too, and mostly there: measured, at least five times as often;
 * where changes are lost on two processors, at most as often. */
#define RACES_MIN 2u
#define UNSEEN_PER_RACE 2u

static bool is_race(const struct model *m, const struct misuse *misuse)
{
	return misuse->times >= RACES_MIN && misuse->times >= m->types[misuse->type].unseen / UNSEEN_PER_RACE;
}

/* One for each creation, where it was seen most often: two threads meet in many pairs of places. */
static void join_races(struct model *m)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < m->misuse_count; i++) {
		struct misuse *misuse = &m->misuses[i], *same = m->misuses;

		while (same < m->misuses + kept && (same->kind != WRONG_RACED || misuse->kind != WRONG_RACED ||
						    same->type != misuse->type || same->made_node != misuse->made_node))
			same++;
		if (same == m->misuses + kept) {
			m->misuses[kept++] = *misuse;
			continue;
		}
		if (misuse->most > same->most) {
			misuse->times += same->times;
			misuse->first_us = same->first_us < misuse->first_us ? same->first_us : misuse->first_us;
			*same = *misuse;
		} else {
			same->times += misuse->times;
		}
	}
	m->misuse_count = 0;
	for (uint32_t i = 0; i < kept; i++)
		if (m->types[m->misuses[i].type].refused)
			m->unsure_count++;
		else if (m->misuses[i].kind != WRONG_RACED || is_race(m, &m->misuses[i]))
			m->misuses[m->misuse_count++] = m->misuses[i];
}

static bool is_known(enum wrong kind)
{
	return kind >= WRONG_RELEASED_AGAIN && kind < WRONGS;
}

static int read_misuses(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_FINDING].used;
	struct trace_finding t;

	m->misuses = pool_array(&m->pool, used, sizeof(*m->misuses));
	for (uint32_t i = 1; i < used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_FINDING, i, &t);

		if (!from || !is_known((enum wrong)t.kind))
			continue;
		if (t.type >= m->type_count || t.probe >= m->probe_count || t.end_thread >= m->thread_count ||
		    t.node >= m->node_count || t.made_node >= m->node_count ||
		    t.end_node >= m->node_count || t.thread >= m->thread_count)
			return file_complain_at(f, from, "a finding leads nowhere");
		m->misuses[m->misuse_count++] = (struct misuse){
			.kind = (enum wrong)t.kind,
			.type = t.type,
			.probe = t.probe,
			.node = t.node,
			.made_node = t.made_node,
			.end_node = t.end_node,
			.thread = (uint16_t)t.thread,
			.end_thread = (uint16_t)t.end_thread,
			.address = t.address,
			.count = t.count,
			.times = t.times,
			.most = t.times,
			.first_us = t.first_time,
			.last_us = t.last_time,
		};
	}
	join_races(m);
	return 0;
}

static int read_problems(struct model *m, const struct trace_file *f)
{
	uint32_t used = f->areas[TRACE_AREA_PROBLEM].used;
	struct trace_problem t;

	m->problems = pool_array(&m->pool, used, sizeof(*m->problems));
	for (uint32_t i = 1; i < used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_PROBLEM, i, &t);

		if (!from || !t.text)
			continue;
		m->problems[m->problem_count] = text_at(m, f, t.text);
		if (!m->problems[m->problem_count++])
			return file_complain_at(f, from, "a message lies nowhere");
	}
	return 0;
}

int read_resource_areas(struct model *m, const struct trace_file *f)
{
	int result;

	if ((result = read_probes(m, f)) || (result = read_types(m, f)))
		return result;
	note_refused(m);
	if ((result = read_resources(m, f)) || (result = read_misuses(m, f)))
		return result;
	return read_problems(m, f);
}
