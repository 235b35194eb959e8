/* SPDX-License-Identifier: MIT */
/* Blocks that hold each other: where the circle was closed, as far as that can be told. */
#include "explain_private.h"
#include "own_lines.h"

#define CIRCLE_MOST 32u
#define HEADS_MOST 4u /* each block of a circle is searched for among all */

static int64_t block_at(const struct model *m, uint64_t address)
{
	for (uint32_t i = 0; i < m->block_count; i++)
		if (address - m->blocks[i].address < m->blocks[i].size)
			return i;
	return -1;
}

/* Of what leads from a block back to it, the one that was made last: before that the circle was not closed. -1: none. */
static int64_t youngest_of_circle(const struct model *m, uint32_t head)
{
	int64_t at = block_at(m, m->back[head]), youngest = at;

	for (unsigned k = 0; k < CIRCLE_MOST && at >= 0 && at != head && m->back[at]; k++) {
		at = block_at(m, m->back[at]);
		if (at >= 0 && at != head && m->blocks[at].time_us > m->blocks[youngest].time_us)
			youngest = at;
	}
	return youngest;
}

/* Where what leads back to a leak was made: its innermost frame that is the program's own; 0. */
static uint32_t closes_circle(struct work *w, const struct leak *leak)
{
	const struct model *m = w->model;
	unsigned tried = 0;

	for (uint32_t i = 0; m->back && i < m->block_count && tried < HEADS_MOST; i++) {
		struct own_line line;
		int64_t last;

		if (!m->back[i] || m->sites[m->blocks[i].site].node != leak->node)
			continue;
		tried++;
		if ((last = youngest_of_circle(m, i)) < 0)
			continue;
		return own_lines(w, m->sites[m->blocks[last].site].node, &line, 1) ? line.node : 0;
	}
	return 0;
}

/* Also a function that gives back a pointer may have closed it. */
static const struct missing_release *closed_at(struct work *w, uint64_t address)
{
	const struct place *place = code_place(w->code, address);
	unsigned k = 0;

	while (k + 1 < place->count && place->frames[k].is_inlined && place_is_of_headers(&place->frames[k]))
		k++;
	return missing_of(w, place, &place->frames[k]);
}

/* Did the scan find that what the leaked blocks lead to leads back to them? */
bool hangs_in_circle(const struct work *w, const struct leak *leak)
{
	const struct model *m = w->model;

	for (uint32_t i = 0; m->back && i < m->block_count; i++)
		if (m->back[i] && m->blocks[i].class == CLASS_DEFINITE && m->sites[m->blocks[i].site].node == leak->node)
			return true;
	return false;
}

bool circle_explain(struct work *w, struct leak *leak, const struct walk *walk, const struct siblings *siblings)
{
	uint32_t closing = closes_circle(w, leak);
	struct explanation *e;

	if (!hangs_in_circle(w, leak))
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	/* where others were let go, somebody opens the circles: who did not may be another one than who closed it; and without
	 * counts a pointer back, say to a parent, keeps nothing alive */
	e->confidence = walk->any_cycle && walk->has_counted && !siblings->count ? CONFIDENCE_LIKELY : CONFIDENCE_GUESS;
	because_add(w, e, "what they lead to leads back to them");
	if (walk->any_cycle)
		e->missing = closed_at(w, walk->any_cycle);
	else if (closing)
		e->missing = closed_at(w, w->model->nodes[closing].pc - 1);
	leak->cause = CAUSE_CYCLE;
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
