/* SPDX-License-Identifier: MIT */
/*
 * What held it was let go by a library, which asks a function of the program to let go the members: a finalizer, a function that
 * was passed along with a container, a destructor in a table. Where that one lets go what was made beside the block, it is who
 * forgot.
 */
#include "explain_private.h"

#define NODES_MAX 256u
#define HANDLERS_MOST 8u

struct handler {
	uint64_t start;
	uint64_t last; /* return address of the last release in it */
	uint64_t count;
};

static bool is_own(struct work *w, uint32_t node)
{
	const struct node *n = &w->model->nodes[node];
	const struct function *f = n->module && !n->scope ? code_function(w->code, n->pc - 1) : NULL;

	return f && !f->is_system && !code_is_of_library(w->code, n->pc - 1);
}

static uint64_t function_of(struct work *w, uint32_t node)
{
	const struct function *f = code_function(w->code, w->model->nodes[node].pc - 1);

	return f ? f->start : 0;
}

/* The program's function from which a release came, if code of a library had called that; 0. */
static uint32_t called_back(struct work *w, uint32_t node)
{
	const struct node *nodes = w->model->nodes;
	uint32_t own;

	for (unsigned k = 0; node && !is_own(w, node) && k < NODES_MAX; k++)
		node = nodes[node].parent;
	own = node;
	for (unsigned k = 0; node && is_own(w, node) && k < NODES_MAX; k++) { /* up to where the library called */
		own = node;
		node = nodes[node].parent;
	}
	for (unsigned k = 0; node && !is_own(w, node) && k < NODES_MAX; k++)
		node = nodes[node].parent;
	return node && nodes[node].parent ? own : 0;
}

/* Is a function in a stack? */
static bool is_below(struct work *w, uint32_t node, uint64_t function)
{
	for (unsigned k = 0; node && k < NODES_MAX; k++, node = w->model->nodes[node].parent)
		if (is_own(w, node) && function_of(w, node) == function)
			return true;
	return false;
}

static bool was_kept(const struct walk *walk)
{
	for (uint32_t i = 1; i < walk->step_count; i++)
		if (walk->steps[i].was_kept)
			return true;
	return walk->kept != NULL;
}

static void note(struct handler *list, unsigned *count, uint64_t start, uint64_t last, uint64_t releases)
{
	unsigned k = 0;

	while (k < *count && list[k].start != start)
		k++;
	if (k == HANDLERS_MOST)
		return;
	if (k == *count)
		list[(*count)++] = (struct handler){ .start = start };
	list[k].count += releases;
	if (last > list[k].last)
		list[k].last = last;
}

/* The one that lets go most of what was made by the function that made the block, or below it; 0. */
static const struct handler *find(struct work *w, const struct leak *leak, uint64_t maker, struct handler *list)
{
	const struct model *m = w->model;
	const struct handler *best = NULL;
	unsigned count = 0;

	for (uint32_t i = 0; i < m->release_count; i++) {
		const struct release *r = &m->releases[i];
		uint32_t handler;

		if (!r->node || !is_below(w, m->sites[r->site].node, maker))
			continue;
		handler = called_back(w, r->node);
		if (handler && !is_below(w, leak->node, function_of(w, handler)))
			note(list, &count, function_of(w, handler), m->nodes[handler].pc, r->count);
	}
	for (unsigned k = 0; k < count; k++)
		if (!best || list[k].count > best->count)
			best = &list[k];
	return best;
}

bool handler_explain(struct work *w, struct leak *leak, const struct siblings *siblings, const struct walk *walk)
{
	struct handler list[HANDLERS_MOST];
	const struct handler *handler;
	struct explanation *e;
	uint32_t made;

	if (siblings->count || leak->class != CLASS_DEFINITE || !was_kept(walk) || !explain_nodes(w, leak->node, &made, 1))
		return false;
	handler = find(w, leak, function_of(w, made), list);
	if (!handler)
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing_at(w, handler->last - 1);
	leak->cause = CAUSE_OWNER_FREED;
	because_add(w, e, pool_print(&w->model->pool, "a library calls %s where it lets go what else was made there",
				     e->missing->function ? e->missing->function : "?"));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
