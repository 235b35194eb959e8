/* SPDX-License-Identifier: MIT */
/*
 * Wrong uses, seen as they happened: the place is known, and so is the cause. A second release is often made by a function
 * that only releases, a wrapper of free or a destructor: then the one that forgot is the first below it that the release before
 * did not come through, or, where only the innermost frame of that one is known, the first below what both have in common.
 */
#include <string.h>

#include "explain_private.h"
#include "own.h"

#define FRAMES_MOST 32u

struct own_frame_of {
	const struct place *place;
	const struct frame *frame;
};

static unsigned frames_of(const struct stack *stack, struct own_frame_of *frames)
{
	unsigned count = 0;

	for (unsigned i = 0; i < stack->depth; i++)
		for (unsigned k = 0; k < stack->places[i]->count && count < FRAMES_MOST; k++) {
			const struct frame *f = &stack->places[i]->frames[k];

			if (!f->function || own_is_library(stack->places[i], f) ||
			    (count && !strcmp(frames[count - 1].frame->function, f->function))) /* a part that was split off */
				continue;
			frames[count++] = (struct own_frame_of){ stack->places[i], f };
		}
	return count;
}

static bool is_destructor(const struct own_frame_of *f)
{
	return strstr(f->frame->function, "::~");
}

/* How many of the innermost frames only released it: both releases came through them. */
static unsigned common_of(const struct own_frame_of *done, unsigned done_count, const struct own_frame_of *ended, unsigned ended_count)
{
	unsigned same = 0;

	while (same < done_count && same < ended_count && !strcmp(done[same].frame->function, ended[same].frame->function) &&
	       (done[same].frame->line == ended[same].frame->line || is_destructor(&done[same])))
		same++;
	return same;
}

/* The frame that did it is the one that a person would look at first. */
static const struct explanation *seen_explain(struct work *w, const struct stack *done)
{
	struct explanation *e = pool_take(&w->model->pool, sizeof(*e));
	struct own own = own_frame(done);

	e->confidence = CONFIDENCE_CERTAIN;
	if (own.place && own.place->module && !own_is_library(own.place, own.frame)) {
		e->missing = missing_of(w, own.place, own.frame);
		if (own.depth && own.frame->function && strstr(own.frame->function, "::~"))
			e->confidence = CONFIDENCE_GUESS; /* what it holds was let go: whoever put it there may be wrong */
	}
	because_add(w, e, "it was seen as it happened");
	return e;
}

static const struct explanation *again_explain(struct work *w, const struct finding *f)
{
	struct own_frame_of done[FRAMES_MOST], ended[FRAMES_MOST];
	unsigned done_count = frames_of(&f->done, done), ended_count = frames_of(&f->ended, ended);
	unsigned at = common_of(done, done_count, ended, ended_count), common = at;
	struct explanation *e;

	if (at && at == done_count)
		at = common = 1; /* by the same call: what it was called for is wrong */
	while (at < done_count && is_destructor(&done[at]))
		at++;
	if (!at || at == done_count)
		return seen_explain(w, &f->done);
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing_of(w, done[at].place, done[at].frame);
	because_add(w, e, "it was seen as it happened");
	if (common)
		because_add(w, e, pool_print(&w->model->pool, "both releases came through %s, which releases what it gets",
					     done[common - 1].frame->function));
	return e;
}

void findings_explain(struct work *w)
{
	struct diagnosis *d = w->diagnosis;

	for (uint32_t i = 0; i < d->finding_count; i++) {
		struct finding *f = &d->findings[i];

		if (f->explanation)
			continue;
		if (f->mismatch)
			f->cause = CAUSE_MISMATCH;
		else if (f->misuse->kind == WRONG_RACED)
			f->cause = CAUSE_RACE;
		else if (f->misuse->kind == WRONG_MISMATCHED)
			f->cause = CAUSE_MISMATCH;
		else if (f->misuse->kind == WRONG_RELEASED_AGAIN || f->misuse->kind == WRONG_FREED_TWICE)
			f->cause = CAUSE_DOUBLE_RELEASE;
		else
			continue;
		f->explanation = f->cause == CAUSE_DOUBLE_RELEASE ? again_explain(w, f) : seen_explain(w, &f->done);
	}
}
