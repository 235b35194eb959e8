/* SPDX-License-Identifier: MIT */
/* What is still reachable: kept on purpose, growing without end, or on its way when the end came. */
#include <string.h>

#include "explain_private.h"
#include "own.h"
#include "seen_places.h"
#include "words.h"

#define GROWING_LEAST 64 /* so many, and none ever let go */
#define ONCE_MOST 4
#define LINES_MOST 8u
#define NODES_MOST 64u
#define SITES_MOST 256u
#define STORE_INSTRUCTIONS 50000u

static bool is_as_many(const struct leak *a, const struct leak *b)
{
	return a != b && b->class == CLASS_REACHABLE && !b->resource && a->count <= b->count * 1.1 && b->count <= a->count * 1.1;
}

/* Who keeps it: a caller of the function that made it, if that makes one thing more for each of them, say the node of a map. */
static const struct missing_release *keeping(struct work *w, const struct leak *leak)
{
	struct own_line made[LINES_MOST], other;
	unsigned count = own_lines(w, leak->node, made, LINES_MOST);

	for (uint32_t i = 0; i < w->diagnosis->detailed; i++) {
		const struct leak *with = &w->diagnosis->leaks[i];

		if (!is_as_many(leak, with) || !own_lines(w, with->node, &other, 1) || !other.frame->function)
			continue;
		for (unsigned k = 1; k < count; k++)
			if (made[k].frame->function && !strcmp(made[k].frame->function, other.frame->function))
				return seen_line(w, &made[k]);
	}
	return NULL;
}

static bool is_main(const struct frame *f)
{
	return f->function && !strcmp(f->function, "main");
}

/* The outermost function of a stack, if it is main. */
static const struct place *main_of(struct work *w, uint32_t node)
{
	uint32_t nodes[NODES_MOST];
	unsigned count = explain_nodes(w, node, nodes, NODES_MOST);
	const struct place *place = count ? code_place(w->code, w->model->nodes[nodes[count - 1]].pc - 1) : NULL;

	return place && is_main(&place->frames[place->count - 1]) ? place : NULL;
}

/* The place in main that leads to it, or to anything at all. */
static const struct place *main_find(struct work *w, uint32_t node)
{
	const struct model *m = w->model;
	const struct place *place = main_of(w, node);

	for (uint32_t i = 1; !place && i < m->site_count && i < SITES_MOST; i++)
		if (m->sites[i].node)
			place = main_of(w, m->sites[i].node);
	return place;
}

static void set_last_statement(struct work *w, struct missing_release *missing, const struct place *place)
{
	const struct function *f = place->module ? code_function(w->code, place->offset + place->module->bias) : NULL;
	unsigned line = f && missing->line ? code_line_last(w->code, f, missing->line) : 0;

	if (line)
		missing->line = missing->last_line = line;
}

/* Had a function called the one that made it, or is it that one? */
static bool is_caller(struct work *w, const uint32_t *nodes, unsigned count, const char *function)
{
	for (unsigned k = 0; k < count && function; k++) {
		const struct place *place = code_place(w->code, w->model->nodes[nodes[k]].pc - 1);

		for (unsigned i = 0; i < place->count; i++)
			if (place->frames[i].function && !strcmp(place->frames[i].function, function))
				return true;
	}
	return false;
}

/* Who puts it where it stays: the first store on its ways into what was there before. 0: not followed that far. */
static const struct missing_release *storing(struct work *w, const uint32_t *nodes, unsigned count)
{
	struct walk ways = { .code = w->code, .model = w->model, .nodes = nodes, .node_count = count, .most_instructions = STORE_INSTRUCTIONS,
			     .until_us = w->group_until_us };
	const struct missing_release *missing = NULL;

	ways.flow = flow_open();
	if (!walk(&ways))
		for (uint32_t i = 1; i < ways.step_count && !missing; i++)
			if (ways.steps[i].state && ways.steps[i].state->kept_at)
				missing = missing_at(w, ways.steps[i].state->kept_at);
	walk_drop(&ways);
	flow_close(ways.flow);
	return missing && missing->line && is_caller(w, nodes, count, missing->function) ? missing : NULL;
}

void kept_explain(struct work *w, struct leak *leak)
{
	struct pool *p = &w->model->pool;
	struct missing_release *missing = pool_take(p, sizeof(*missing));
	struct explanation *e = pool_take(p, sizeof(*e));
	struct siblings siblings;
	const struct place *place;
	const struct missing_release *stored;
	uint32_t nodes[NODES_MOST];
	unsigned count = explain_nodes(w, leak->node, nodes, NODES_MOST);

	if (!count)
		return;
	siblings_find(w, leak, nodes, count, &siblings);
	e->confidence = CONFIDENCE_GUESS;
	if (siblings.count) {
		leak->cause = CAUSE_NOT_DRAINED;
		place = main_find(w, leak->node);
		if (!place)
			place = code_place(w->code, w->model->nodes[nodes[count - 1]].pc - 1);
	} else if (!siblings.count && leak->count >= GROWING_LEAST) {
		leak->cause = CAUSE_GROWING_CACHE;
		place = code_place(w->code, w->model->nodes[nodes[0]].pc - 1);
	} else if (!siblings.count && leak->count <= ONCE_MOST) {
		leak->cause = CAUSE_START_UP;
		place = NULL;
	} else {
		return;
	}
	if (place) {
		const struct frame *f = &place->frames[leak->cause == CAUSE_NOT_DRAINED ? place->count - 1 : 0];

		*missing = (struct missing_release){ .function = f->function, .file = f->file, .line = f->line,
						     .last_line = f->line, .offset = place->offset,
						     .module = place->module ? place->module->path : NULL };
		e->missing = missing;
		if (leak->cause == CAUSE_NOT_DRAINED && is_main(f))
			set_last_statement(w, missing, place);
	}
	if (leak->cause == CAUSE_GROWING_CACHE && keeping(w, leak))
		e->missing = keeping(w, leak);
	else if (leak->cause == CAUSE_GROWING_CACHE && work_has(w, EVIDENCE_WAYS) && (stored = storing(w, nodes, count)))
		e->missing = stored;
	evidence_siblings(w, leak, e, &siblings);
	because_add(w, e, pool_text(p, "something still points at them"));
	evidence_advice(w, leak, e);
	leak->explanation = e;
}

void retained_explain(struct work *w, struct leak *leak)
{
	struct pool *p = &w->model->pool;
	const struct balance *retain = NULL;
	struct missing_release *missing;
	struct explanation *e;
	int64_t taken = 0;
	unsigned k = 0;

	for (unsigned i = 0; i < leak->balance_count; i++) {
		const struct balance *b = &leak->balance[i];

		if (b->is_create || own_is_library(b->place, &b->place->frames[0]) || !b->place->module ||
		    own_is_library_module(b->place->module))
			continue;
		taken += b->change;
		if (b->change > 0 && (!retain || b->change > retain->change))
			retain = b;
	}
	if (!retain || taken < (int64_t)leak->count)
		return;
	while (k + 1 < retain->place->count && place_is_of_headers(&retain->place->frames[k]))
		k++;
	e = pool_take(p, sizeof(*e));
	missing = pool_take(p, sizeof(*missing));
	*missing = (struct missing_release){ .function = retain->place->frames[k].function, .file = retain->place->frames[k].file,
					     .line = retain->place->frames[k].line, .last_line = retain->place->frames[k].line,
					     .offset = retain->place->offset, .module = retain->place->module->path };
	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing;
	leak->cause = CAUSE_EXTRA_RETAIN;
	because_add(w, e, pool_print(p, "no release of the program's own undoes the references that it took by %s() here", retain->function));
	evidence_advice(w, leak, e);
	leak->explanation = e;
}
