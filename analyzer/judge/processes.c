/* SPDX-License-Identifier: MIT */
/* In how many processes: see processes.h. */
#include "processes.h"

static uint64_t *processes_of(struct work *w, struct group *g)
{
	if (!g->processes)
		g->processes = pool_array(&w->m->pool, w->m->process_count / 64u + 1, sizeof(*g->processes));
	return g->processes;
}

static void note_crowd(struct work *w, struct group *g, const struct crowd *crowd)
{
	uint64_t *to = processes_of(w, g);

	for (uint32_t i = 0; i < crowd->members_count; i++)
		to[crowd->members_from + i] |= w->m->members[crowd->members + i];
}

void processes_count(struct work *w, struct diagnosis *d)
{
	const struct model *m = w->m;

	if (!m->process_count)
		return;
	for (uint32_t i = 0; i < m->block_count; i++) {
		struct group *g = w->claimant && w->claimant[i] ? NULL : work_group_of(w, i);

		if (g && g->shown)
			note_crowd(w, g, &m->crowds[i]);
	}
	for (uint32_t i = 0; i < m->resource_count; i++) {
		struct group *g = work_final(w->of_resource[i]);
		uint32_t process = m->resources[i].process;

		if (g->shown)
			processes_of(w, g)[process / 64] |= 1ull << process % 64;
	}
	for (uint32_t i = 0; i < w->group_count; i++)
		for (uint32_t k = 0; w->groups[i]->shown && w->groups[i]->processes && k <= m->process_count / 64u; k++)
			d->leaks[w->groups[i]->shown - 1].process_count += (unsigned)__builtin_popcountll(w->groups[i]->processes[k]);
}
