/* SPDX-License-Identifier: MIT */
/* From the ways that lose a block to the one line that forgot. */
#include <string.h>

#include "destroyed.h"
#include "own.h"
#include "path.h"
#include "walk_private.h"
#include "ways_private.h"

/* Does anybody look into the block on the way to a loss? Else it may be one on which there was none yet. */
static bool is_used(const struct walk *w, uint32_t lost)
{
	while (lost && !w->steps[lost].uses)
		lost = w->steps[lost].parent;
	return lost;
}

static int rank(const struct judging *j, const struct candidate *c)
{
	int r = (int)c->agrees * 6;

	if (j->held_in && c->missing.function && place_has(j->held_in, c->missing.function))
		r += 5;
	if (c->is_handled) /* on a way on which it is called, not on one on which another one may be */
		r += 4;
	if (c->is_improbable)
		r -= 100;
	if (c->is_strange || c->is_once)
		r -= 10;
	return r + (!c->parts && is_used(j->walk, c->lost));
}

/* Of two that nothing else tells apart: the one that lets it go before the next one is made. */
static bool is_earlier(const struct judging *j, const struct candidate *c, const struct candidate *best)
{
	return !c->is_late && (c->outcome == OUTCOME_EXIT || c->outcome == OUTCOME_DEAD) && rank(j, c) == rank(j, best);
}

/* Does some way end with the block held by something that was not followed further? */
static bool may_be_elsewhere(const struct walk *w)
{
	for (uint32_t i = 1; i < w->step_count; i++)
		if (w->steps[i].outcome == OUTCOME_HELD || w->steps[i].outcome == OUTCOME_CUT)
			return true;
	return w->met_unknown;
}

/* Of what was inlined into one function, the outermost one is blamed: whose variable it was is not sure. */
static bool is_blurred(const struct judging *j, const struct candidate *best)
{
	const struct place *made = code_place(j->w->code, j->walk->started - 1);
	const struct place *lost = code_place(j->w->code, j->walk->steps[best->lost].end);

	for (unsigned k = 1; k < made->count; k++)
		if (is_same(best->missing.function, made->frames[k].function))
			return true;
	return lost->count > 1 && is_same(best->missing.function, lost->frames[lost->count - 1].function);
}

static enum confidence confidence_of(const struct judging *j, const struct candidate *best, unsigned probable,
				     unsigned functions)
{
	if (best->is_strange || best->is_once || best->is_improbable || best->is_left || may_be_elsewhere(j->walk) ||
	    is_blurred(j, best) || j->walk->is_delivery_open)
		return CONFIDENCE_GUESS;
	if (best->outcome == OUTCOME_OVERWRITTEN && !j->walk->steps[best->lost].holder.symbol &&
	    !j->walk->steps[best->lost].holder.offset)
		return CONFIDENCE_GUESS; /* a register that is used for something else: the compiler's doing, perhaps */
	if (j->walk->is_long && best->outcome == OUTCOME_OVERWRITTEN && !best->agrees)
		return CONFIDENCE_GUESS; /* a way on which something else held it may be among those that were not followed */
	if (probable == 1)
		return j->walk->is_cut ? CONFIDENCE_LIKELY : CONFIDENCE_CERTAIN;
	return functions == 1 ? CONFIDENCE_LIKELY : CONFIDENCE_GUESS;
}

/* Are siblings released by the same function that releases what held this one? */
static bool frees_beside(const struct judging *j, const struct siblings *siblings, const struct candidate *best)
{
	for (unsigned i = 0; i < siblings->count; i++) {
		uint32_t nodes[16];
		unsigned count = explain_nodes(j->w, siblings->releases[i].node, nodes, 16);

		for (unsigned k = 0; k < count; k++)
			if (place_has(code_place(j->w->code, j->w->model->nodes[nodes[k]].pc - 1), best->missing.function))
				return true;
	}
	return false;
}

/* Within the innermost function that made it? That one hands it out, if others are released elsewhere. */
static bool is_in_maker(const struct judging *j, const struct candidate *best)
{
	return is_same(best->missing.function, code_place(j->w->code, j->walk->started - 1)->frames[0].function);
}

static void tell(struct judging *j, const struct leak *leak, const struct candidate *best, struct explanation *e,
		 const struct siblings *siblings)
{
	static const char *const ends[OUTCOMES] = {
		[OUTCOME_EXIT] = "the function was left", [OUTCOME_DEAD] = "it was not used any more",
		[OUTCOME_OVERWRITTEN] = "it was overwritten", [OUTCOME_OWNER] = "it was released",
		[OUTCOME_JUMPED] = "a longjmp left the function", [OUTCOME_THROWN] = "an exception left the function",
		[OUTCOME_THREAD] = "the thread ended",
	};
	const struct walk *w = j->walk;
	struct pool *p = &j->w->model->pool;
	unsigned frees = 0, loses = 0;

	evidence_siblings(j->w, (struct leak *)leak, e, siblings);
	for (uint32_t i = 1; i < w->step_count; i++) {
		frees += w->steps[i].outcome == OUTCOME_FREED;
		loses += is_loss(w->steps[i].outcome);
	}
	because_inner(j->w, e, pool_print(p, "ways through the code that lose it: %u; that release it: %u%s", loses, frees,
					  w->is_cut ? "; not all could be followed" : ""));
	if (best->parts) {
		const struct frame *f = place_frame(code_place(w->code, w->steps[w->steps[best->parts].parent].end), NULL);

		because_inner(j->w, e, f->file && f->line ? pool_print(p, "they part in %s (%s:%u)", f->function ? f->function : "?",
									path_file(f->file), f->line)
							  : pool_print(p, "they part in %s", f->function ? f->function : "?"));
	}
	if (may_be_elsewhere(w))
		because_add(j->w, e, "some ways end where something holds it that could not be followed");
	evidence_holder(j->w, e, w, &w->steps[best->lost], e->missing->function, ends[best->outcome]);
	evidence_advice(j->w, leak, e);
}

/* It was released, only not often enough: where was it retained last? */
static bool retained_last(struct judging *j, const struct leak *leak, struct missing_release *missing)
{
	if (!leak->resource || !j->w->model->resources[leak->resource - 1].releases || !work_has(j->w, EVIDENCE_BALANCE))
		return false;
	for (unsigned i = 0; i < 2 * leak->record_count; i++) {
		const struct record *r = &leak->records[i % leak->record_count];
		struct own own;

		if (strcmp(r->op, "retain"))
			continue;
		own = own_frame(&r->stack);
		if (!own.place || own_is_library(own.place, own.frame) || (own.depth && i < leak->record_count))
			continue; /* what a library retains for itself it also releases: the program's own come first */
		*missing = (struct missing_release){ .function = own.frame->function, .file = own.frame->file, .line = own.frame->line,
						     .last_line = own.frame->line, .offset = own.place->offset,
						     .module = own.place->module ? own.place->module->path : NULL };
		return true;
	}
	return false;
}

/* What held it was deleted by a smart pointer: the destructor of that object forgot it. */
static bool set_destroyed(struct judging *j, const struct candidate *best, struct missing_release *missing, struct explanation *e)
{
	uint64_t at = j->walk->steps[best->lost].end;
	const struct missing_release *destroyed;
	bool is_releasing = false;

	if (best->outcome != OUTCOME_OWNER || !destroyed_by_library(j->w, at))
		return false;
	destroyed = destroyed_before(j->w, at, &is_releasing);
	if (destroyed)
		*missing = *destroyed;
	if (!destroyed || !is_releasing)
		e->confidence = CONFIDENCE_GUESS;
	return is_releasing;
}

static void write_down(struct judging *j, struct leak *leak, const struct candidate *best, unsigned probable,
		       unsigned functions, const struct siblings *siblings)
{
	struct pool *p = &j->w->model->pool;
	struct explanation *e = pool_take(p, sizeof(*e));
	struct missing_release *missing = pool_take(p, sizeof(*missing));

	*missing = best->missing;
	j->walk->is_handled = best->is_handled;
	e->missing = missing;
	e->confidence = confidence_of(j, best, probable, functions);
	leak->cause = ways_cause_of(best);
	if (best->cycle && hangs_in_circle(j->w, leak)) {
		const struct place *place = code_place(j->w->code, best->cycle);
		const struct frame *frame = place_frame(place, NULL);

		leak->cause = CAUSE_CYCLE;
		*missing = (struct missing_release){ .function = frame->function, .file = frame->file, .line = frame->line,
						     .last_line = frame->line, .offset = place->offset,
						     .module = place->module ? place->module->path : NULL };
	}
	if (leak->cause == CAUSE_NEVER_RELEASED && (siblings->is_same_lines || siblings->is_same_stack))
		leak->cause = CAUSE_ERROR_PATH;
	if (leak->cause == CAUSE_NEVER_RELEASED && retained_last(j, leak, missing)) {
		leak->cause = CAUSE_EXTRA_RETAIN;
		e->confidence = CONFIDENCE_GUESS;
	}
	if (leak->cause == CAUSE_EXTRA_RETAIN && e->confidence == CONFIDENCE_GUESS)
		retained_last(j, leak, missing);
	if (siblings->count && !best->parts && (siblings->is_same_stack || is_in_maker(j, best))) /* how they were released was not found */
		e->confidence = CONFIDENCE_GUESS;
	if (!set_destroyed(j, best, missing, e) && leak->cause == CAUSE_OWNER_FREED && siblings->count && !frees_beside(j, siblings, best))
		leak->cause = CAUSE_DROPPED_QUEUE;
	tell(j, leak, best, e, siblings);
	leak->explanation = e;
}

void judge_ways(struct work *w, struct leak *leak, struct walk *walk, const struct siblings *siblings)
{
	struct judging *j = pool_take(&w->model->pool, sizeof(*j));
	const struct candidate *best = NULL;
	const struct watched *seen;
	unsigned probable = 0, functions = 0, same, all;

	j->w = w;
	j->walk = walk;
	j->is_direct = leak->class == CLASS_DEFINITE && !leak->resource;
	j->is_several = !leak->is_estimate && leak->definite.count > 1;
	seen = watched_find(w, leak, &same, &all);
	j->held_in = watched_frame(w, seen);
	ways_note_seen(j, leak, seen);
	j->is_without_exceptions = work_has(w, EVIDENCE_THROWS) && !leak->is_estimate && !thrown_any(w);
	ways_note_late(j);
	ways_note_saved(j);
	ways_gather(j);
	for (unsigned i = 0; i < j->count; i++)
		if (!best || rank(j, &j->candidates[i]) > rank(j, best) || (best->is_late && is_earlier(j, &j->candidates[i], best)))
			best = &j->candidates[i];
	if (!best)
		return;
	for (unsigned i = 0; i < j->count; i++) {
		if (j->candidates[i].is_improbable && !best->is_improbable)
			continue;
		probable++;
		functions += !is_same(j->candidates[i].missing.function, best->missing.function) || j->candidates[i].is_left;
	}
	write_down(j, leak, best, probable, functions + 1, siblings);
	w->is_unseen = j->seen_count && !best->agrees ? leak->explanation : NULL;
}


