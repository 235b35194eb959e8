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

/* Is an instruction of the same inlined copy? One that belongs to no line may lie anywhere. */
static bool is_in_copy(const struct judging *j, const struct place *copy, unsigned k, uint64_t at)
{
	const struct place *place = code_place(j->w->code, at);
	unsigned outer = copy->count - k;

	return !place->frames[0].line ||
	       (outer <= place->count && is_same_copy(copy, k, place));
}

/* A small number in the block is less than it was, and something remains. */
static bool is_counted_down(const struct way *from, const struct way *to)
{
	for (unsigned k = 0; k < 2; k++)
		if (from->numbers[k].value > 0 && way_number(to, from->numbers[k].offset) > 0 &&
		    way_number(to, from->numbers[k].offset) < from->numbers[k].value)
			return true;
	return false;
}

/* Is the block released from here without leaving the frame, and of that the inlined copy, if there is one? Or, if it
 * counts them (counted: a piece before that), a reference to it? */
static bool frees_within(const struct judging *j, uint32_t from, int32_t level, const struct place *copy, unsigned k,
			 const struct way *counted)
{
	const struct walk *w = j->walk;
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
			if (counted && is_counted_down(counted, &w->steps[to]))
				return true;
			if (copy && w->steps[to].level == level && !is_in_copy(j, copy, k, w->steps[to].start))
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
	if (c->parts && frees_within(j, parts->parent, parts->level, NULL, 0, NULL))
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

/* Does a piece do something outside a copy? Registers may be set anywhere. */
static bool leaves_copy(const struct judging *j, const struct place *copy, unsigned k, const struct way *piece)
{
	struct insn i;

	for (uint64_t at = piece->start; at <= piece->end && !decode(j->w->code, at, &i); at = i.next)
		if ((at == piece->start || at == piece->end || i.op == OP_CALL || i.to.kind == OPERAND_MEM) && !is_in_copy(j, copy, k, at))
			return true;
	return false;
}

static bool stays_in_copy(const struct judging *j, const struct way *frame, const struct place *copy, unsigned k, uint32_t lost)
{
	const struct walk *w = j->walk;

	for (uint32_t at = lost; at; at = w->steps[at].parent)
		if (is_frame(&w->steps[at], frame) && leaves_copy(j, copy, k, &w->steps[at]))
			return false;
	return true;
}

const char *ways_scope_kept(const struct judging *j, const struct way *frame, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct place *got = ways_got_at(j, frame);
	const struct way *branch = &w->steps[w->steps[c->parts].parent];

	for (unsigned k = 0; got && is_frame(&w->steps[c->lost], frame) && k + 1 < got->count; k++) {
		const struct frame *f = &got->frames[k];

		if (place_is_of_headers(f) || !stays_in_copy(j, frame, got, k, c->lost))
			continue;
		if (!f->gives_pointer || c->outcome == OUTCOME_OVERWRITTEN ||
		    (c->parts && (!is_frame(branch, frame) || is_in_copy(j, got, k, branch->end))))
			return f->function;
	}
	return NULL;
}

const char *ways_scope_freeing(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	uint32_t branch = c->parts ? w->steps[c->parts].parent : 0;
	const struct place *place = branch ? code_place(w->code, w->steps[branch].end) : NULL;

	for (unsigned k = 0; place && k + 1 < place->count; k++)
		if (!place_is_of_headers(&place->frames[k]) && frees_within(j, branch, w->steps[branch].level, place, k, c->is_counted ? &w->steps[c->parts] : NULL))
			return place->frames[k].function;
	return NULL;
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

/* Return address of the call in a frame of the stack that led to where the block was made. */
static uint64_t call_in(const struct walk *w, unsigned frame)
{
	return !frame && w->after_call ? w->after_call : w->model->nodes[w->nodes[frame]].pc;
}

/* Does a piece make the next one? */
static bool makes_next(const struct walk *w, const struct way *s)
{
	uint64_t call;

	if (s->visit < 0x80000000u || s->level > 0 || (unsigned)-s->level >= w->node_count)
		return false;
	call = call_in(w, (unsigned)-s->level);
	return s->start < call && s->end >= call - 1;
}

void ways_note_late(struct judging *j)
{
	const struct walk *w = j->walk;
	bool is_more = w->step_count > 1;

	j->is_late = pool_take(&w->model->pool, w->step_count);
	memset(j->is_late, 1, w->step_count);
	if (is_more)
		j->is_late[1] = false;
	while (is_more) {
		is_more = false;
		for (uint32_t e = 0; e < w->edge_count; e++) {
			uint32_t from = w->edges[e].from, to = w->edges[e].to;

			if (j->is_late[from] || !j->is_late[to] || makes_next(w, &w->steps[from]))
				continue;
			j->is_late[to] = false;
			is_more = true;
		}
	}
}

bool ways_once(const struct judging *j, uint32_t from_step)
{
	const struct walk *w = j->walk;
	const struct place *outermost = w->node_count ? code_place(w->code, w->model->nodes[w->nodes[w->node_count - 1]].pc - 1) : NULL;
	uint32_t at = from_step;
	uint64_t from;

	if (!outermost || !is_same(outermost->frames[outermost->count - 1].function, "main"))
		return false;
	while (at && w->steps[at].visit < 0x80000000u)
		at = w->steps[at].visit;
	from = w->steps[at].start;
	if (!at || w->steps[at].level > 0)
		return false;
	for (unsigned k = (unsigned)-w->steps[at].level; k < w->node_count; k++) {
		if (!code_never_goes_on(w->code, from, call_in(w, k)))
			return false;
		from = k + 1 < w->node_count ? call_in(w, k + 1) : 0;
	}
	return true;
}
