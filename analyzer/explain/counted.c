/* SPDX-License-Identifier: MIT */
/* Blocks that count their own references, as the code that handles them shows. */
#include "explain_private.h"

/* A small number that was counted up on the way, and down again where it went on. */
static bool is_counted_down(const struct walk *w, const struct way *up, int64_t offset, int64_t value)
{
	for (uint32_t i = 1; i < w->step_count; i++) {
		int64_t now = way_number(&w->steps[i], offset);

		if (w->steps[i].raised == up->raised && now >= 0 && now < value)
			return true;
	}
	return false;
}

static bool counts_itself(const struct walk *w)
{
	for (uint32_t i = 1; i < w->step_count; i++)
		for (unsigned k = 0; k < 2 && w->steps[i].raised; k++)
			if (w->steps[i].numbers[k].value > 1 &&
			    is_counted_down(w, &w->steps[i], w->steps[i].numbers[k].offset, w->steps[i].numbers[k].value))
				return true;
	return false;
}

void counted_explain(struct work *w, struct leak *leak, const struct walk *walk)
{
	struct explanation *e;

	if (!leak->explanation || leak->resource || !work_has(w, EVIDENCE_BALANCE) ||
	    (leak->cause != CAUSE_OWNER_FREED && leak->cause != CAUSE_DROPPED_QUEUE) || !counts_itself(walk))
		return;
	e = pool_take(&w->model->pool, sizeof(*e));
	*e = *leak->explanation;
	leak->cause = CAUSE_EXTRA_RETAIN;
	because_add(w, e, "it counts its references, and what pointed at it had taken one");
	leak->explanation = e;
}
