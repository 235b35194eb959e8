/* SPDX-License-Identifier: MIT */
/* In how many processes: see processes.h. */
#include "processes.h"

static void note(struct work *w, struct diagnosis *d, struct group *g, uint32_t process)
{
	uint8_t bit = (uint8_t)(1u << process % 8);

	if (!g->processes)
		g->processes = pool_take(&w->m->pool, w->m->process_count / 8u + 1);
	if (g->processes[process / 8] & bit)
		return;
	g->processes[process / 8] |= bit;
	d->leaks[g->shown - 1].process_count++;
}

void processes_count(struct work *w, struct diagnosis *d)
{
	const struct model *m = w->m;

	if (!m->process_count)
		return;
	for (uint32_t i = 0; i < m->block_count; i++) {
		struct group *g = w->claimant && w->claimant[i] ? NULL : work_group_of(w, i);

		for (uint32_t at = m->crowds[i].members; g && g->shown && at; at = m->members[at].others)
			note(w, d, g, m->members[at].process);
	}
	for (uint32_t i = 0; i < m->resource_count; i++) {
		struct group *g = work_final(w->of_resource[i]);

		if (g->shown)
			note(w, d, g, m->resources[i].process);
	}
}
