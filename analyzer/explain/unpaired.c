/* SPDX-License-Identifier: MIT */
/*
 * A counted object that was retained: which of the references taken was never given back? Each release is paired with the
 * taking that it undoes, most likely the one of the same function, and what is left over is followed from where it was taken
 * on, as a block is from where it was made.
 */
#include <string.h>

#include "explain_private.h"
#include "own.h"
#include "own_lines.h"

#define TAKES_MOST 24u
#define LINES_MOST 6u
#define INSTRUCTIONS_MOST 400000u
#define NEAR 50 /* a score from which on a pair is more than a guess */

/* References that one call took, or gave back. */
struct reference {
	uint32_t node;
	unsigned left; /* that have no partner */
	unsigned at;   /* in the order of time */
	bool is_own;   /* the program's own call, not one that a library made for itself */
	bool is_create;
	struct own_line lines[LINES_MOST];
	unsigned line_count;
};

struct ledger {
	struct reference takes[TAKES_MOST], releases[TAKES_MOST];
	unsigned take_count, release_count;
	bool is_guessed; /* a pair that may be another one */
};

/* What takes and gives back on behalf of others: the members of a handle. */
static bool is_of_handle(const char *function)
{
	return own_lines_is_constructor(function) || strstr(function, "::~") || strstr(function, "::operator=");
}

static bool note(struct work *w, struct reference *list, unsigned *count, uint32_t node, unsigned times, unsigned at, bool is_create)
{
	struct reference *r = &list[*count];
	struct own_line lines[LINES_MOST];
	unsigned found, skip = 0;

	if (*count >= TAKES_MOST)
		return false;
	found = own_lines(w, node, lines, LINES_MOST);
	*r = (struct reference){ .node = node, .left = times, .at = at, .is_create = is_create };
	r->is_own = is_create || (found && (lines[0].node == node));
	while (skip + 1 < found && lines[skip].frame->function && is_of_handle(lines[skip].frame->function))
		skip++;
	for (; skip < found; skip++)
		if (lines[skip].frame->function)
			r->lines[r->line_count++] = lines[skip];
	++*count;
	return true;
}

static bool read_ledger(struct work *w, const struct resource *r, struct ledger *l)
{
	memset(l, 0, sizeof(*l));
	if (r->is_adopted || r->thinned || !note(w, l->takes, &l->take_count, r->node, 1, 0, true))
		return false;
	for (unsigned i = 0; i < r->step_count; i++) {
		const struct step *s = &w->model->steps[r->steps + i];
		bool is_noted = true;

		if (s->verb == VERB_RETAIN)
			is_noted = note(w, l->takes, &l->take_count, s->node, s->times, i + 1, false);
		else if (s->verb == VERB_RELEASE)
			is_noted = note(w, l->releases, &l->release_count, s->node, s->times, i + 1, false);
		else if (s->verb == VERB_MOVE)
			return false;
		if (!is_noted)
			return false;
	}
	return l->take_count > 1;
}

static bool is_same_function(const struct own_line *a, const struct own_line *b)
{
	return !strcmp(a->frame->function, b->frame->function);
}

/* How likely is it that one undoes the other? */
static int score(const struct reference *take, const struct reference *release)
{
	unsigned best = 2 * LINES_MOST;

	if (take->at > release->at)
		return -1;
	if (take->is_own != release->is_own)
		return 5;
	if (!take->is_own)
		return 80;
	for (unsigned i = 0; i < take->line_count; i++)
		for (unsigned k = 0; k < release->line_count; k++)
			if (i + k < best && is_same_function(&take->lines[i], &release->lines[k]))
				best = i + k;
	return best < 2 * LINES_MOST ? 100 - 15 * (int)best + (take->is_create ? 2 : 0) : 10;
}

static void pair(struct ledger *l)
{
	for (;;) {
		struct reference *take = NULL, *release = NULL;
		int best = -1;

		for (unsigned i = 0; i < l->take_count; i++)
			for (unsigned k = 0; k < l->release_count; k++) {
				int now = l->takes[i].left && l->releases[k].left ? score(&l->takes[i], &l->releases[k]) : -1;

				if (now > best) {
					best = now;
					take = &l->takes[i];
					release = &l->releases[k];
				}
			}
		if (best < 0)
			return;
		take->left--;
		release->left--;
		l->is_guessed |= best < NEAR;
	}
}

/* The one taking that is left; 0: none, or several. */
static const struct reference *left_over(const struct ledger *l)
{
	const struct reference *left = NULL;

	for (unsigned i = 0; i < l->take_count; i++) {
		if (!l->takes[i].left)
			continue;
		if (left)
			return NULL;
		left = &l->takes[i];
	}
	return left && !left->is_create && left->line_count ? left : NULL;
}

/* Where does the code lose it, from the taking on? Of use is what names a way that others do not go, or another owner. */
static bool follow_on(struct work *w, struct leak *leak, const struct reference *taken, const struct type *type)
{
	const struct siblings none = { .count = 0 };
	uint32_t nodes[64];
	unsigned count = explain_nodes(w, taken->node, nodes, 64);
	struct walk ways = { .code = w->code, .model = w->model, .nodes = nodes, .node_count = count,
			     .most_instructions = INSTRUCTIONS_MOST, .until_us = w->group_until_us,
			     .is_counted = true, .count_offset = type->count_offset, .count_width = type->count_width };
	struct leak found = *leak;
	bool is_told;

	if (!count)
		return false;
	ways.after_call = w->model->nodes[nodes[0]].pc;
	ways.flow = flow_open();
	found.explanation = NULL;
	if (!walk(&ways))
		judge_ways(w, &found, &ways, &none);
	is_told = found.explanation && found.explanation->missing && (found.cause == CAUSE_ERROR_PATH || found.cause == CAUSE_EXCEPTION);
	if (is_told) {
		leak->cause = found.cause;
		leak->explanation = found.explanation;
	}
	walk_drop(&ways);
	flow_close(ways.flow);
	return is_told;
}

bool unpaired_explain(struct work *w, struct leak *leak)
{
	const struct resource *r = &w->model->resources[leak->resource - 1];
	const struct reference *left;
	struct explanation *e;
	struct ledger l;

	if (!read_ledger(w, r, &l))
		return false;
	pair(&l);
	left = left_over(&l);
	if (!left)
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	if (follow_on(w, leak, left, &w->model->types[r->type])) {
		*e = *leak->explanation;
	} else {
		e->missing = missing_of(w, left->lines[0].place, left->lines[0].frame);
		leak->cause = CAUSE_EXTRA_RETAIN;
	}
	e->confidence = CONFIDENCE_GUESS;
	because_add(w, e, pool_print(&w->model->pool, "the reference taken in %s is the one that no release undoes",
				     left->lines[0].frame->function));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
