/* SPDX-License-Identifier: MIT */
/*
 * Where the ways from the place at which a block was made are too many to be followed, say through all of a library: those of one
 * caller alone, in which it came back as what a call gave, and which others left by letting theirs go. Functions that it calls
 * are not entered.
 */
#include "explain_private.h"

#define NODES_MOST 256u
#define RELEASES_MOST 4u
#define INSTRUCTIONS_MOST 200000u

static const struct function *function_of(struct work *w, uint32_t node)
{
	return code_function(w->code, w->model->nodes[node].pc - 1);
}

/* What a frame's function gives back is a pointer. */
static bool gives_pointer(struct work *w, uint32_t node)
{
	const struct place *place = code_place(w->code, w->model->nodes[node].pc - 1);

	return place->count && place->frames[place->count - 1].gives_pointer;
}

static bool lets_go(struct work *w, const struct siblings *siblings, const struct function *f)
{
	for (unsigned i = 0; i < siblings->count && i < RELEASES_MOST; i++) {
		uint32_t nodes[NODES_MOST];
		unsigned count = explain_nodes(w, siblings->releases[i].node, nodes, NODES_MOST);

		for (unsigned k = 0; k < count; k++) {
			const struct function *other = function_of(w, nodes[k]);

			if (other && other->start == f->start)
				return true;
		}
	}
	return false;
}

/* The innermost caller that got it from a call and did not give it on, or that lets others go. 0: none. */
static unsigned caller_of(struct work *w, const uint32_t *nodes, unsigned count, const struct siblings *siblings)
{
	for (unsigned k = 1; k < count && gives_pointer(w, nodes[k - 1]); k++) {
		const struct function *f = function_of(w, nodes[k]);

		if (f && (siblings->count ? lets_go(w, siblings, f) : !gives_pointer(w, nodes[k])))
			return k;
	}
	return 0;
}

bool outer_explain(struct work *w, struct leak *leak, const struct walk *inner, const struct siblings *siblings)
{
	struct walk ways = { .code = w->code, .model = w->model, .most_instructions = INSTRUCTIONS_MOST, .until_us = w->group_until_us,
			     .releasers = inner->releasers, .releaser_count = inner->releaser_count, .is_thread = inner->is_thread,
			     .is_shallow = true };
	unsigned k = caller_of(w, inner->nodes, inner->node_count, siblings);
	struct leak found = *leak;
	bool is_told;

	if (!k)
		return false;
	ways.nodes = inner->nodes + k;
	ways.node_count = inner->node_count - k;
	ways.flow = flow_open();
	found.explanation = NULL;
	if (!walk(&ways))
		judge_ways(w, &found, &ways, siblings);
	is_told = found.explanation && found.explanation->missing && (found.cause == CAUSE_ERROR_PATH || !leak->explanation);
	if (is_told) {
		struct explanation *e = pool_take(&w->model->pool, sizeof(*e));

		*e = *found.explanation;
		e->confidence = CONFIDENCE_GUESS;
		leak->cause = found.cause;
		leak->explanation = e;
	}
	walk_drop(&ways);
	flow_close(ways.flow);
	return is_told;
}
