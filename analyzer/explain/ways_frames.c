/* SPDX-License-Identifier: MIT */
/* Of a way that loses a block: the frame in which the release is missing, and the function a person would name for a place. */
#include "ways_private.h"

uint32_t ways_parting(const struct walk *w, uint32_t lost)
{
	uint32_t at = lost;

	while (at && !w->steps[at].can_free && w->steps[at].parent && !w->steps[w->steps[at].parent].can_free)
		at = w->steps[at].parent;
	return at && w->steps[at].parent ? at : 0;
}

/* Is the block released from here without leaving the frame? */
static bool frees_within(const struct walk *w, uint32_t from, int32_t level)
{
	unsigned char *seen = pool_take(&w->model->pool, w->step_count);
	uint32_t *stack = pool_array(&w->model->pool, w->step_count, sizeof(*stack));
	uint32_t depth = 0;

	stack[depth++] = from;
	seen[from] = 1;
	while (depth) {
		uint32_t at = stack[--depth];

		if (w->steps[at].outcome == OUTCOME_FREED)
			return true;
		for (uint32_t e = 0; e < w->edge_count; e++) {
			uint32_t to = w->edges[e].to;

			if (w->edges[e].from != at || seen[to] || w->steps[to].level < level || !w->steps[to].can_free)
				continue;
			seen[to] = 1;
			stack[depth++] = to;
		}
	}
	return false;
}

/* The last step of a frame on the way to another one; 0. */
static uint32_t step_of_visit(const struct walk *w, uint32_t at, uint32_t visit)
{
	while (at && w->steps[at].visit != visit)
		at = w->steps[at].parent;
	return at;
}

uint32_t ways_blamed(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *lost = &w->steps[c->lost], *parts = &w->steps[c->parts];
	uint32_t at = c->lost, run;

	if (c->is_counted)
		return c->parts;
	if (c->outcome == OUTCOME_OWNER && lost->visit && lost->visit < 0x80000000u && owner_is_passed_on(j->w, lost->end))
		return lost->visit;
	if (c->outcome == OUTCOME_OVERWRITTEN || c->outcome == OUTCOME_OWNER)
		return c->lost;
	if (c->outcome == OUTCOME_THROWN || (c->outcome == OUTCOME_JUMPED && !is_creation_frame(w, c)))
		return c->lost;
	if (c->parts && frees_within(w, parts->parent, parts->level))
		return c->parts;
	if (c->parts && parts->level <= lost->level)
		return c->parts;
	if (w->run_visit && !c->parts && (run = step_of_visit(w, c->lost, w->run_visit)))
		return run;
	/* a function that got it and releases it on no way only borrows it */
	while (w->steps[at].visit < 0x80000000u && !w->steps[w->steps[at].visit].can_free &&
	       w->steps[at].visit)
		at = w->steps[at].visit;
	return at;
}

bool place_is_of_headers(const struct frame *f)
{
	return f->file && !strncmp(f->file, "/usr/", 5);
}

const struct frame *place_frame(const struct place *place, const char *scope)
{
	for (unsigned k = 0; k < place->count; k++)
		if (is_same(place->frames[k].function, scope))
			return &place->frames[k];
	for (unsigned k = 0; k < place->count; k++)
		if (!place_is_of_headers(&place->frames[k]))
			return &place->frames[k];
	return &place->frames[0];
}

bool place_has(const struct place *place, const char *function)
{
	for (unsigned k = 0; k < place->count; k++)
		if (is_same(place->frames[k].function, function))
			return true;
	return false;
}

const char *place_keeper(const struct place *place)
{
	unsigned k = 0;

	while (k + 1 < place->count && place->frames[k].is_inlined && place->frames[k].gives_pointer)
		k++;
	return place->frames[k].function;
}

bool ways_free_in(const struct judging *j, const struct way *frame, const char *function)
{
	const struct walk *w = j->walk;

	for (uint32_t i = 1; i < w->step_count; i++)
		if (w->steps[i].outcome == OUTCOME_FREED && is_frame(&w->steps[i], frame) &&
		    !place_has(code_place(w->code, w->steps[i].end), function))
			return false;
	return true;
}

/* Is it the same inlined copy of one function? Then the calls that lead to it are the same, too. */
static bool is_same_copy(const struct place *a, unsigned k, const struct place *b)
{
	unsigned outer = a->count - k;

	if (!a->frames[k].function || outer > b->count || !is_same(a->frames[k].function, b->frames[b->count - outer].function))
		return false;
	while (--outer)
		if (a->frames[a->count - outer].line != b->frames[b->count - outer].line)
			return false;
	return true;
}

const char *place_common(const struct place *a, const struct place *b)
{
	for (unsigned k = 0; k < a->count; k++)
		if (is_same_copy(a, k, b))
			return a->frames[k].function;
	return NULL;
}

const struct place *ways_got_at(const struct judging *j, const struct way *frame)
{
	const struct walk *w = j->walk;

	if (frame->visit < 0x80000000u || frame->level > 0 || (unsigned)-frame->level >= w->node_count)
		return NULL;
	return code_place(j->w->code, (frame->level || !w->after_call ? w->model->nodes[w->nodes[-frame->level]].pc : w->after_call) - 1);
}

const char *ways_scope_of_branch(const struct judging *j, const struct way *frame, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *branch = &w->steps[w->steps[c->parts].parent];
	const struct place *got = is_frame(branch, frame) ? ways_got_at(j, frame) : NULL;
	const char *scope = got ? place_common(got, code_place(w->code, branch->end)) : NULL;

	for (uint32_t at = c->lost; scope && at; at = w->steps[at].parent) {
		if (w->steps[at].uses && place_has(code_place(w->code, w->steps[at].last_use), scope))
			return NULL; /* it goes on with it */
		if (at == c->parts)
			break;
	}
	return scope;
}

const char *ways_scope(const struct judging *j, const struct way *frame)
{
	const struct place *place = ways_got_at(j, frame);
	unsigned k = 0;

	if (!place)
		return NULL;
	while (k + 1 < place->count && place->frames[k].is_inlined &&
	       (place->frames[k].gives_pointer || place_is_of_headers(&place->frames[k]) || !ways_free_in(j, frame, place->frames[k].function)))
		k++;
	return place->frames[k].function;
}
