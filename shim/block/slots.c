/* SPDX-License-Identifier: MIT */
/* Groups of slots: the lists of their owners, and the pool of what is left to all. Laws in slots.h. */
#include "slots.h"

#include "area.h"
#include "rules.h"

static size_t bytes_for(uint64_t reserved)
{
	return reserved / sizeof(struct trace_block) / SLOTS_GROUP * sizeof(struct slots_group);
}

static size_t table_bytes(void)
{
	return bytes_for(state.reserved);
}

void slots_shrink(uint64_t before)
{
	if (slots_state.groups && before > state.reserved)
		area_private_shrink(slots_state.groups, bytes_for(before), table_bytes());
}

int slots_start(void)
{
	slots_state.groups = area_private(table_bytes(), 1);
	if (!slots_state.groups)
		return -12;
	/* no group 0: BLOCK has no element 0 */
	return area_take(TRACE_AREA_BLOCK, 2 * SLOTS_GROUP - 1) ? 0 : -28;
}

void slots_stop(void)
{
	if (slots_state.groups)
		area_private_free(slots_state.groups, table_bytes());
	slots_state.groups = 0;
}

static uint32_t count_of(uint64_t bits)
{
	return (uint32_t)__builtin_popcountll(bits);
}

/* The one who brings the free slots of others to SLOTS_LISTED puts the group in the pool: it cannot be there yet,
 * for whoever takes it out takes all of them. */
void slots_give_remote(uint32_t g, uint64_t bits)
{
	struct slots_group *group = &slots_state.groups[g];
	uint64_t old = __atomic_fetch_or(&group->remote, bits, __ATOMIC_ACQ_REL);

	if (count_of(old) >= SLOTS_LISTED || count_of(old | bits) < SLOTS_LISTED)
		return;
	uint32_t head = __atomic_load_n(&slots_state.pool, __ATOMIC_RELAXED);
	do
		group->next = head;
	while (!__atomic_compare_exchange_n(&slots_state.pool, &head, g, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
}

/* The newest group of the pool, 0: none. Caller holds lock_pool: with one taker only, the head cannot
 * have gone and come back between the two looks at it. */
static uint32_t pool_take(void)
{
	uint32_t g = __atomic_load_n(&slots_state.pool, __ATOMIC_ACQUIRE);

	while (g && !__atomic_compare_exchange_n(&slots_state.pool, &g, slots_state.groups[g].next, 1, __ATOMIC_ACQUIRE,
						 __ATOMIC_ACQUIRE))
		;
	return g;
}

/* Written by the owner only, or by the one who takes a group that is nobody's. */
static void hold(struct slots_group *group, uint32_t owner, uint32_t count)
{
	__atomic_store_n(&group->held, owner << SLOTS_HELD_SHIFT | count, __ATOMIC_RELEASE);
}

static void list_enter(struct thread *t, uint32_t g)
{
	struct slots_group *group = &slots_state.groups[g];

	group->newer = 0;
	group->older = t->groups;
	if (t->groups)
		slots_state.groups[t->groups].newer = g;
	t->groups = g;
}

static void list_leave(struct thread *t, uint32_t g)
{
	struct slots_group *group = &slots_state.groups[g];

	if (group->newer)
		slots_state.groups[group->newer].older = group->older;
	else
		t->groups = group->older;
	if (group->older)
		slots_state.groups[group->older].newer = group->newer;
	t->full_groups -= slots_count(group->held) == SLOTS_GROUP;
}

/* What the owner has free in a group; it is his to give away. */
static uint64_t own_take(struct slots_group *group)
{
	uint64_t own = group->own;

	group->own = 0;
	hold(group, slots_owner(group->held), 0);
	return own;
}

/* Leaves a listed group of the thread's own to all. */
static void donate(struct thread *t, uint32_t g)
{
	struct slots_group *group = &slots_state.groups[g];

	list_leave(t, g);
	uint64_t own = own_take(group);
	hold(group, 0, 0);
	slots_give_remote(g, own);
}

void slots_note(struct thread *t, uint32_t g)
{
	uint32_t count = slots_count(slots_state.groups[g].held);

	if (count == SLOTS_LISTED)
		list_enter(t, g);
	else if (count == SLOTS_GROUP && ++t->full_groups > SLOTS_FULL_MOST)
		donate(t, g);
}

static int use(struct thread *t, uint32_t g, uint64_t slots)
{
	t->group = g;
	t->blocks = state_block(g * SLOTS_GROUP);
	t->free_slots = slots;
	return 1;
}

int slots_refill(struct thread *t)
{
	uint32_t g = t->groups;

	if (g) {
		list_leave(t, g);
		return use(t, g, own_take(&slots_state.groups[g]));
	}
	state_lock(&slots_state.lock);
	uint64_t slots = 0;
	while (!slots && (g = pool_take())) {
		struct slots_group *group = &slots_state.groups[g];

		slots = __atomic_exchange_n(&group->remote, 0, __ATOMIC_ACQ_REL);
		uint32_t owner = slots_owner(__atomic_load_n(&group->held, __ATOMIC_ACQUIRE));
		if (!owner)
			hold(group, t->owner, 0);
		else if (owner == t->owner) /* no list has it: ours is empty */
			slots |= own_take(group);
	}
	state_unlock(&slots_state.lock);
	if (slots)
		return use(t, g, slots);
	uint32_t first = area_take(TRACE_AREA_BLOCK, 2 * SLOTS_GROUP);
	if (!first)
		return 0;
	g = first / SLOTS_GROUP;
	hold(&slots_state.groups[g], t->owner, 0);
	slots_state.groups[g + 1].own = ~0ull;
	hold(&slots_state.groups[g + 1], t->owner, SLOTS_GROUP);
	list_enter(t, g + 1);
	t->full_groups++;
	return use(t, g, ~0ull);
}

void slots_leave(struct thread *t)
{
	while (t->groups)
		donate(t, t->groups);
	if (t->free_slots)
		slots_give_remote(t->group, t->free_slots);
	t->group = 0;
	t->free_slots = 0;
}
