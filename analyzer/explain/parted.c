/* SPDX-License-Identifier: MIT */
/* What following a block instruction by instruction showed: where a lost one left the ways of those that were released. */
#include <string.h>

#include "explain_private.h"
#include "words.h"

static bool is_of(const struct work *w, const struct parted *p, const struct leak *leak)
{
	return w->model->sites[p->site].node == leak->node;
}

static bool is_alike(const struct parted *a, const struct parted *b)
{
	return a->parted == b->parted && (a->parted || a->lost == b->lost) && a->owner == b->owner && a->was_jumped == b->was_jumped &&
	       a->was_resized == b->was_resized && a->is_overwritten == b->is_overwritten;
}

/* What most of those of a leak show. */
static const struct parted *find(const struct work *w, const struct leak *leak, unsigned *same, unsigned *all)
{
	const struct model *m = w->model;
	const struct parted *best = NULL;

	*same = *all = 0;
	for (uint32_t i = 0; i < m->parted_count; i++) {
		unsigned count = 0;

		if (!is_of(w, &m->parted[i], leak))
			continue;
		++*all;
		for (uint32_t k = 0; k < m->parted_count; k++)
			count += is_of(w, &m->parted[k], leak) && is_alike(&m->parted[i], &m->parted[k]);
		if (count > *same) {
			*same = count;
			best = &m->parted[i];
		}
	}
	return best;
}

static int index_of(const struct place *p, const char *function)
{
	for (unsigned k = 0; function && k < p->count; k++)
		if (p->frames[k].function && !strcmp(p->frames[k].function, function))
			return (int)k;
	return -1;
}

/* The innermost function that two places share: its index in the first one; -1. */
static int shared_frame(const struct place *a, const struct place *b)
{
	for (unsigned k = 0; k < a->count; k++)
		if (index_of(b, a->frames[k].function) >= 0)
			return (int)k;
	return -1;
}

/* The frame of a parting: of the function in which the way was chosen, also if it was inlined and left by that, or of the one
 * that only lost ones entered. *place: that it belongs to. */
static const struct frame *frame_of(const struct place **place, const struct place *common, bool is_joined)
{
	const struct place *parted = *place;
	int inner = common ? shared_frame(common, parted) : -1;

	if (inner > 0 || (inner == 0 && is_joined)) {
		*place = common;
		return &common->frames[inner ? inner - 1 : 0];
	}
	if (inner == 0) {
		int same = index_of(parted, common->frames[0].function);

		return &parted->frames[same > 0 && !parted->frames[same].line ? same - 1 : same];
	}
	return &parted->frames[0];
}

/* None of its site was released, but what lay beside it in its owner was: there. */
static bool is_beside(const struct parted *p)
{
	return p->is_owner && p->owner && p->beside && !p->healthy;
}

static const struct missing_release *missing_by(struct work *w, const struct parted *p)
{
	const struct place *place;
	const struct frame *f;

	if ((p->is_overwritten || p->is_cleared || p->was_jumped || p->was_resized) && p->lost) {
		place = code_place(w->code, p->lost);
		return missing_of(w, place, &place->frames[0]);
	}
	if (p->parted) {
		place = code_place(w->code, p->parted);
		if (p->is_last) { /* who took it up: the others were taken up elsewhere */
			place = code_place(w->code, p->used);
			return missing_of(w, place, &place->frames[place->count > 1 ? place->count - 2 : 0]);
		}
		f = frame_of(&place, p->common ? code_place(w->code, p->common) : NULL, p->is_joined);
		return missing_of(w, place, f);
	}
	if (is_beside(p)) {
		const struct place *beside = code_place(w->code, p->beside);

		return missing_of(w, beside, &beside->frames[0]);
	}
	place = code_place(w->code, p->is_owner && p->owner ? p->owner : p->lost);
	return missing_of(w, place, &place->frames[0]);
}

static enum cause cause_by(const struct parted *p)
{
	if (p->was_resized)
		return CAUSE_REALLOC;
	if (p->is_raised)
		return CAUSE_EXTRA_RETAIN;
	if (p->was_jumped)
		return CAUSE_LONGJMP;
	if (p->is_owner)
		return CAUSE_OWNER_FREED;
	if (p->is_thread_end)
		return CAUSE_THREAD_EXIT;
	if (p->is_overwritten || p->is_cleared)
		return CAUSE_OVERWRITTEN;
	return p->healthy ? CAUSE_ERROR_PATH : CAUSE_NEVER_RELEASED;
}

static bool is_same_function(const struct leak *leak, const struct missing_release *m)
{
	return leak->explanation && leak->explanation->missing && leak->explanation->missing->function && m->function &&
	       !strcmp(leak->explanation->missing->function, m->function);
}

#define HEALTHY_LEAST 2u

static bool is_parted(const struct parted *p)
{
	return p->parted && p->healthy >= HEALTHY_LEAST && !p->is_earlier && !p->is_last;
}

/* More than the code itself says. */
static bool is_strong(const struct parted *p)
{
	return is_parted(p) || p->is_overwritten || p->is_owner ||
	       p->was_jumped || p->was_resized || p->is_counted;
}

/* Only where nothing speaks against it. */
static bool is_sure(const struct leak *leak, const struct parted *seen, const struct missing_release *missing)
{
	if (leak->explanation && leak->explanation->missing)
		return is_same_function(leak, missing);
	return is_parted(seen) && !seen->is_joined; /* code that ways share may be of no line */
}

bool parted_explain(struct work *w, struct leak *leak, const struct siblings *siblings, bool is_seen)
{
	struct pool *p = &w->model->pool;
	unsigned same, all;
	const struct parted *seen = find(w, leak, &same, &all);
	const struct missing_release *missing;
	struct explanation *e;

	if (!seen || leak->resource || leak->cause == CAUSE_CYCLE || leak->cause == CAUSE_RACE)
		return false;
	if (leak->explanation && leak->explanation->missing && (leak->explanation->confidence != CONFIDENCE_GUESS || !is_strong(seen)))
		return false; /* the code itself says more */
	if (is_seen && !is_parted(seen) && !is_beside(seen) && !seen->was_jumped && !seen->was_resized && !seen->is_counted)
		return false; /* a look at who held it says as much */
	missing = missing_by(w, seen);
	if (!missing->function)
		return false;
	e = pool_take(p, sizeof(*e));
	e->confidence = is_sure(leak, seen, missing) && same == all ? CONFIDENCE_LIKELY : CONFIDENCE_GUESS;
	e->missing = missing;
	leak->cause = cause_by(seen);
	evidence_siblings(w, leak, e, siblings);
	if (seen->parted)
		because_add(w, e, pool_print(p, "%u of them were followed step by step, and %u that were released: from here on the lost ones "
						"went where no released one came by", all, seen->healthy));
	else
		because_add(w, e, pool_print(p, "%u of them were followed step by step: here nothing led to them any more", all));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
