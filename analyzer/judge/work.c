/* SPDX-License-Identifier: MIT */
/* The groups that are being made. */
#include "work.h"

#include <math.h>

double work_weight(const struct model *m, const struct block *b)
{
	uint64_t mean = m->sample_bytes[b->rate];

	if (!b->rate || !mean)
		return 1;
	return 1 / -expm1(-(double)(b->size ? b->size : 1) / (double)mean);
}

struct group *work_group(struct work *w, uint64_t key, const struct leak *first)
{
	struct group *g;

	HASH_FIND(hh, w->by_key, &key, sizeof(key), g);
	if (g)
		return g;
	g = pool_take(&w->m->pool, sizeof(*g));
	g->key = key;
	g->leak = *first;
	HASH_ADD(hh, w->by_key, key, sizeof(key), g);
	if (w->group_count == w->group_room) {
		w->group_room = w->group_room ? w->group_room * 2 : 1024;
		w->groups = pool_regrow(w->groups, w->group_room, sizeof(*w->groups));
	}
	w->groups[w->group_count++] = g;
	return g;
}

struct group *work_final(struct group *g)
{
	while (g && g->into)
		g = g->into;
	return g;
}
