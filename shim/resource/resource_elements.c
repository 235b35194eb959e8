/* SPDX-License-Identifier: MIT */
/* Elements of resources: which are free, and which ended ones are still remembered. */
#include "area.h"
#include "resource_chain.h"
#include "rules.h"

static struct shard *shard_of(const struct thread *t)
{
	return &resource_table->shards[t->owner % SHARDS];
}

static void give_back(struct shard *s, uint32_t i)
{
	__atomic_store_n(&at_resource(i)->where, 0, __ATOMIC_RELEASE);
	at_resource(i)->flags = 0;
	state_lock(&s->lock);
	at_resource(i)->next = s->free;
	s->free = i;
	state_unlock(&s->lock);
}

void resource_give_back(const struct thread *t, uint32_t i)
{
	give_back(shard_of(t), i);
}

/* All free elements of a shard, as a list. */
static uint32_t take_all(struct shard *s)
{
	if (!__atomic_load_n(&s->free, __ATOMIC_RELAXED))
		return 0;
	state_lock(&s->lock);
	uint32_t list = s->free;
	s->free = 0;
	state_unlock(&s->lock);
	return list;
}

static void add_all(struct shard *s, uint32_t list)
{
	uint32_t last = list;

	while (last && at_resource(last)->next)
		last = at_resource(last)->next;
	state_lock(&s->lock);
	if (last) {
		at_resource(last)->next = s->free;
		s->free = list;
	}
	state_unlock(&s->lock);
}

/* Where some threads make what others release, all that is free comes to lie with the others. */
static uint32_t take_from_others(struct shard *s)
{
	uint32_t list = 0, here = (uint32_t)(s - resource_table->shards);

	for (uint32_t i = 1; i < SHARDS && !list; i++)
		list = take_all(&resource_table->shards[(here + i) % SHARDS]);
	if (list)
		add_all(s, at_resource(list)->next);
	return list;
}

uint32_t resource_take(const struct thread *t)
{
	struct shard *s = shard_of(t);
	uint32_t i;

	state_lock(&s->lock);
	i = s->free;
	if (i)
		s->free = at_resource(i)->next;
	state_unlock(&s->lock);
	if (!i)
		i = take_from_others(s);
	return i ? i : area_take(TRACE_AREA_RESOURCE, 1);
}

void resource_remember(const struct thread *t, uint32_t i)
{
	struct shard *s = shard_of(t);
	uint32_t old, hash;
	uintptr_t address;

	state_lock(&s->lock);
	old = s->ring[s->at];
	s->ring[s->at] = i;
	s->at = (s->at + 1) % RING;
	state_unlock(&s->lock);
	if (!old)
		return;
	address = trace_resource_address(at_resource(old));
	hash = resource_hash(address);
	uint32_t first = chain_lock(hash);
	int has_ended = (at_resource(old)->flags & TRACE_RESOURCE_ENDED) != 0;
	at_resource(old)->flags &= ~RESOURCE_IN_RING;
	chain_unlock(hash, has_ended ? chain_unlink(first, old) : first);
	if (has_ended)
		give_back(s, old);
}
