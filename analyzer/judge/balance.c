/* SPDX-License-Identifier: MIT */
/*
 * Records -> the references that each place in the code took and gave back, over all resources of
 * a group. Where the two differ by what is still held is where a release is missing.
 */
#include <stdlib.h>
#include <string.h>

#include "balance.h"

struct key {
	const struct place *place;
	uint32_t leak, probe, is_create;
	uint32_t zero; /* no padding: keys are compared as bytes */
};

struct entry {
	struct key key;
	struct balance balance;
	UT_hash_handle hh;
};

struct ledger {
	struct work *w;
	struct entry *by_key;
};

static void book(struct ledger *l, uint32_t leak, uint32_t node, uint32_t probe, bool is_create, int64_t change)
{
	struct model *m = l->w->m;
	struct key key = { .leak = leak, .probe = probe, .is_create = is_create };
	struct entry *e;

	stacks_path(&l->w->path, m, l->w->s, node);
	if (!l->w->path.depth)
		return;
	key.place = symbols_place(l->w->s, l->w->path.nodes[0]);
	HASH_FIND(hh, l->by_key, &key, sizeof(key), e);
	if (!e) {
		e = pool_take(&m->pool, sizeof(*e));
		e->key = key;
		e->balance.place = key.place;
		e->balance.function = m->probes[probe].symbol;
		e->balance.is_create = is_create;
		HASH_ADD(hh, l->by_key, key, sizeof(key), e);
	}
	e->balance.change += change;
}

static int change_of(const struct step *step)
{
	if (!strcmp(step->op, "retain"))
		return 1;
	return strcmp(step->op, "release") ? 0 : -1;
}

static void book_resource(struct ledger *l, const struct resource *r, struct leak *leak, uint32_t index)
{
	if (r->is_adopted)
		leak->balance_left_out++;
	else
		book(l, index, r->node, r->probe, true, 1);
	leak->balance_left_out += r->thinned;
	for (unsigned i = 0; i < r->step_count; i++) {
		const struct step *step = &l->w->m->steps[r->steps + i];
		int change = change_of(step);

		if (!change)
			continue;
		leak->is_shared = true;
		book(l, index, step->node, step->probe, false, change * (int64_t)step->times);
	}
}

static int order(const void *left, const void *right)
{
	const struct balance *a = left, *b = right;
	int64_t x = llabs(a->change), y = llabs(b->change);

	if (x != y)
		return x > y ? -1 : 1;
	if (a->change != b->change)
		return a->change > b->change ? -1 : 1;
	if (a->place->offset != b->place->offset)
		return a->place->offset < b->place->offset ? -1 : 1;
	return strcmp(a->function, b->function);
}

static int by_leak(const void *left, const void *right)
{
	const struct entry *a = *(struct entry *const *)left, *b = *(struct entry *const *)right;

	if (a->key.leak != b->key.leak)
		return a->key.leak < b->key.leak ? -1 : 1;
	return order(&a->balance, &b->balance);
}

static void hand_out(struct ledger *l, struct diagnosis *d)
{
	uint32_t count = HASH_COUNT(l->by_key), at = 0;
	struct entry **entries = pool_array(&l->w->m->pool, count, sizeof(*entries)), *e, *next;
	struct balance *balances = pool_array(&l->w->m->pool, count, sizeof(*balances));

	HASH_ITER(hh, l->by_key, e, next)
		entries[at++] = e;
	HASH_CLEAR(hh, l->by_key);
	if (count)
		qsort(entries, count, sizeof(*entries), by_leak);
	for (uint32_t i = 0; i < count; i++) {
		struct leak *leak = &d->leaks[entries[i]->key.leak];

		balances[i] = entries[i]->balance;
		if (!leak->balance)
			leak->balance = &balances[i];
		leak->balance_count++;
	}
}

void balance_add(struct work *w, struct diagnosis *d)
{
	struct ledger l = { .w = w };

	for (uint32_t i = 0; i < w->m->resource_count; i++) {
		const struct group *g = work_final(w->of_resource[i]);

		if (g->shown)
			book_resource(&l, &w->m->resources[i], &d->leaks[g->shown - 1], g->shown - 1);
	}
	hand_out(&l, d);
}
