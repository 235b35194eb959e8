/* SPDX-License-Identifier: MIT */
/* What hangs on whom: see hang.h. */
#include "hang.h"

#include <stdlib.h>
#include <string.h>

#include "weight.h"

#define LINKS_MOST 8u

/* Of blocks of `group`, those that hang on `head`. */
struct pair {
	struct {
		struct group *head, *group;
	} key;
	struct part part;
	UT_hash_handle hh;
};

static struct pair *pair_of(struct work *w, struct pair **pairs, struct group *head, struct group *group)
{
	struct pair *p, key = { .key = { head, group } };

	HASH_FIND(hh, *pairs, &key.key, sizeof(key.key), p);
	if (p)
		return p;
	p = pool_take(&w->m->pool, sizeof(*p));
	p->key = key.key;
	HASH_ADD(hh, *pairs, key, sizeof(p->key), p);
	return p;
}

static void add_block(struct work *w, struct pair **pairs, uint32_t i)
{
	const struct block *b = &w->m->blocks[i];
	double weight = weight_count(w->m, b), bytes = weight_bytes(w->m, b);
	struct group *group = work_group_of(w, i), *head = work_group_of(w, b->owner - 1);

	if (!work_is_lost(&group->leak) || group == head)
		return;
	if (work_is_lost(&head->leak)) {
		head->leak.dragged_count += weight;
		head->leak.dragged_bytes += bytes;
	} else {
		group->leak.orphaned.count += weight;
		group->leak.orphaned.bytes += bytes;
	}
	struct pair *p = pair_of(w, pairs, head, group);
	p->part.count += weight;
	p->part.bytes += bytes;
}

static bool is_before(const struct hanging *a, const struct hanging *b)
{
	if (a->part.bytes != b->part.bytes)
		return a->part.bytes > b->part.bytes;
	return strcmp(a->leak->fingerprint, b->leak->fingerprint) < 0;
}

/* Keeps the largest ones. */
static void keep_hanger(struct work *w, struct leak *leak, struct hanging new)
{
	struct hanging *list = (struct hanging *)leak->hangers;
	unsigned at = leak->hanger_count++;

	if (!list)
		leak->hangers = list = pool_array(&w->m->pool, HANGERS_SHOWN, sizeof(*list));
	at = at < HANGERS_SHOWN ? at : HANGERS_SHOWN;
	for (; at && is_before(&new, &list[at - 1]); at--)
		if (at < HANGERS_SHOWN)
			list[at] = list[at - 1];
	if (at < HANGERS_SHOWN)
		list[at] = new;
}

static void find_cycles(struct work *w)
{
	for (uint32_t i = 0; w->m->back && i < w->m->block_count; i++)
		if (w->m->back[i] && w->m->blocks[i].class == CLASS_DEFINITE)
			work_group_of(w, i)->leak.cycle.count += weight_count(w->m, &w->m->blocks[i]);
}

void hang_add(struct work *w)
{
	struct pair *pairs = NULL;

	for (uint32_t i = 0; i < w->m->block_count; i++)
		if (w->m->blocks[i].class == CLASS_INDIRECT && w->m->blocks[i].owner)
			add_block(w, &pairs, i);
	for (struct pair *p = pairs; p; p = p->hh.next) {
		struct leak *leak = &p->key.group->leak, *head = &p->key.head->leak;

		keep_hanger(w, head, (struct hanging){ .part = p->part, .leak = leak });
		if (!leak->on || p->part.bytes > p->key.group->on_bytes) {
			leak->on = head;
			p->key.group->on_bytes = p->part.bytes;
		}
	}
	HASH_CLEAR(hh, pairs);
	find_cycles(w);
}

static const struct stack *stack_of(struct work *w, uint32_t node)
{
	struct stack *stack = pool_take(&w->m->pool, sizeof(*stack));

	stacks_path(&w->path, w->m, w->s, node);
	*stack = stacks_resolve(&w->path, w->m, w->s);
	return stack;
}

static struct link link_of(struct work *w, uint32_t block)
{
	uint32_t resource = w->claimant ? w->claimant[block] : 0;

	if (resource) {
		const struct resource *r = &w->m->resources[resource - 1];

		return (struct link){ w->m->types[r->type].name, stack_of(w, r->node) };
	}
	return (struct link){ NULL, stack_of(w, w->m->sites[w->m->blocks[block].site].node) };
}

/* From a head the way that leads back to it, found backwards. */
static void follow_cycle(struct work *w, struct leak *leak, uint32_t head)
{
	uint32_t way[LINKS_MOST], count = 0, at = work_block_around(w, w->m->back[head]);
	struct link *links;

	while (at && at - 1 != head && count < LINKS_MOST && w->m->blocks[at - 1].class == CLASS_INDIRECT) {
		way[count++] = at - 1;
		at = w->m->back[at - 1] ? work_block_around(w, w->m->back[at - 1]) : 0;
	}
	if (!at || at - 1 != head)
		return; /* longer, or the memory has changed hands */
	links = pool_array(&w->m->pool, count + 1u, sizeof(*links));
	links[0] = link_of(w, head);
	for (uint32_t i = 0; i < count; i++)
		links[i + 1] = link_of(w, way[count - 1 - i]);
	leak->cycle.links = links;
	leak->cycle.link_count = count + 1;
}

void hang_detail(struct work *w, struct diagnosis *d)
{
	for (uint32_t i = 0; w->m->back && i < w->m->block_count; i++) {
		struct group *g;
		struct leak *leak;

		if (!w->m->back[i] || w->m->blocks[i].class != CLASS_DEFINITE)
			continue;
		g = work_group_of(w, i);
		leak = g->shown ? &d->leaks[g->shown - 1] : NULL;
		if (leak && !leak->cycle.link_count)
			follow_cycle(w, leak, i);
	}
	for (uint32_t i = 0; i < d->detailed; i++) {
		struct leak *leak = &d->leaks[i];
		struct hanging *list = (struct hanging *)leak->hangers;

		for (unsigned k = 0; k < leak->hanger_count && k < HANGERS_SHOWN; k++)
			list[k].stack = stack_of(w, list[k].leak->node);
		if (leak->on)
			leak->on_stack = stack_of(w, leak->on->node);
	}
}
