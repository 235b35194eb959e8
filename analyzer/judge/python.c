/* SPDX-License-Identifier: MIT */
/* Which Python code made groups: see python.h. */
#include "python.h"

#include <stdlib.h>

#define DEPTH_MOST 64u /* frames of one stack; a trace keeps fewer */

static void count(struct work *w, struct python **to, uint32_t stack, uint64_t times)
{
	struct python *p = *to;

	if (!p) {
		p = *to = pool_take(&w->m->pool, sizeof(*p));
		*p = (struct python){ 0 };
	}
	p->looked_at += times;
	for (unsigned i = 0; i < p->count; i++)
		if (p->stacks[i].number == stack) {
			p->stacks[i].count += times;
			return;
		}
	if (stack && p->count < PYTHON_STACKS)
		p->stacks[p->count++] = (struct python_stack){ .number = stack, .count = times };
}

/* Are all blocks that its stacks ever made in it? Then what was seen of blocks from there was seen of these. */
static bool is_whole(const struct leak *leak)
{
	return !leak->is_estimate && leak->count >= (double)leak->ever_blocks - 0.5;
}

/* `told` have enough already. */
static void count_blocks(struct work *w, struct diagnosis *d, const bool *told)
{
	for (uint32_t i = 0; w->m->python_of && i < w->m->block_count; i++) {
		struct group *g = w->m->python_of[i] ? work_group_of(w, i) : NULL;

		if (g && g->shown && !told[g->shown - 1])
			count(w, &d->leaks[g->shown - 1].python, w->m->python_of[i], 1);
	}
}

/* The first of the tallies of a site that are in this group stands for all. */
static bool is_first(const struct work *w, uint32_t tally, uint32_t site)
{
	for (uint32_t k = w->first[site]; k && k != tally; k = w->tallies[k].next)
		if (work_final(w->tallies[k].group) == work_final(w->tallies[tally].group))
			return false;
	return true;
}

static void count_seen(struct work *w, struct diagnosis *d, const bool *told)
{
	for (uint32_t i = 0; i < w->m->python_seen_count; i++) {
		const struct python_seen *seen = &w->m->python_seen[i];

		for (uint32_t k = w->first[seen->site]; k; k = w->tallies[k].next) {
			struct group *g = work_final(w->tallies[k].group);

			if (g && g->shown && !told[g->shown - 1] && is_first(w, k, seen->site))
				count(w, &d->leaks[g->shown - 1].python, seen->stack, seen->count);
		}
	}
}

static int by_count(const void *left, const void *right)
{
	const struct python_stack *a = left, *b = right;

	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

static void list_frames(struct model *m, struct python_stack *s)
{
	const struct python_frame **frames = pool_array(&m->pool, DEPTH_MOST, sizeof(*frames));

	for (uint32_t i = s->number; i && s->depth < DEPTH_MOST; i = m->python_frames[i].outer)
		frames[s->depth++] = &m->python_frames[i];
	s->frames = frames;
}

static void finish(struct model *m, struct python *p)
{
	qsort(p->stacks, p->count, sizeof(*p->stacks), by_count);
	for (unsigned k = 0; k < p->count; k++)
		list_frames(m, &p->stacks[k]);
}

const struct python *python_at(struct work *w, uint32_t node)
{
	const struct model *m = w->m;
	struct python *p = NULL;

	for (uint32_t i = 0; i < m->python_seen_count; i++)
		if (m->sites[m->python_seen[i].site].node == node)
			count(w, &p, m->python_seen[i].stack, m->python_seen[i].count);
	if (p)
		finish(w->m, p);
	return p;
}

static void tell(struct diagnosis *d, bool *told, bool is_of_these)
{
	for (uint32_t i = 0; i < d->detailed; i++) {
		if (d->leaks[i].python && !told[i])
			d->leaks[i].python->is_of_these = is_of_these;
		told[i] = d->leaks[i].python;
	}
}

void python_add(struct work *w, struct diagnosis *d)
{
	bool *told = pool_array(&w->m->pool, d->detailed + 1u, sizeof(*told));

	if (!w->m->python_frame_count)
		return;
	for (uint32_t i = 0; i < d->detailed; i++)
		told[i] = !is_whole(&d->leaks[i]);
	count_seen(w, d, told);
	for (uint32_t i = 0; i < d->detailed; i++)
		told[i] = false;
	tell(d, told, true);
	count_blocks(w, d, told);
	tell(d, told, true);
	count_seen(w, d, told);
	tell(d, told, false);
	for (uint32_t i = 0; i < d->detailed; i++) {
		struct python *p = d->leaks[i].python;

		if (!p)
			continue;
		finish(w->m, p);
		d->leaks[i].stack.python = p;
	}
}
