/* SPDX-License-Identifier: MIT */
/*
 * What lies at the address of a resource now that it has ended. An address alone tells nothing: objects also lie inside larger
 * blocks, on stacks and in modules, at addresses that were others' before.
 */
#include "live.h"
#include "modules.h"
#include "resource_private.h"
#include "rules.h"

#define SEARCHES 4096u /* in vain for what is now in the place of an ended resource; beyond them nothing more is told */
#define RED_ZONE 128u

int resource_is_block(uintptr_t address)
{
	uint32_t slot = live_find(address);

	return slot && trace_block_size(state_block(slot)) < RESOURCE_LARGE;
}

int resource_has_its_block(const struct trace_resource *r, uintptr_t address)
{
	uint32_t slot = live_find(address);

	return slot && trace_block_time(state_block(slot)) <= r->time;
}

/* No block that a program's allocator gave out can be there. */
static int is_elsewhere(const struct deed *d, uintptr_t address)
{
	const struct stack_cache *stack = &d->thread->stack;
	struct cfi_source source;

	return (d->event->from.sp >= stack->walk.low && address >= d->event->from.sp - RED_ZONE && address < stack->walk.high) ||
	       modules_find(address, &source);
}

enum place resource_place_of(const struct trace_resource *r, const struct deed *d)
{
	static uint32_t searches;
	uintptr_t address = d->event->address;
	uint32_t slot;

	if (at_type(r->type)->flags & (TRACE_TYPE_BY_HAND | TRACE_TYPE_JAVA | TRACE_TYPE_THREAD)) /* until it is tracked again */
		return PLACE_ENDED;
	if (r->flags & RESOURCE_WAS_BLOCK && is_elsewhere(d, address))
		return PLACE_TAKEN;
	if (__atomic_load_n(&searches, __ATOMIC_RELAXED) >= SEARCHES)
		return PLACE_UNSURE;
	slot = live_find_around(address);
	if (slot && trace_block_time(state_block(slot)) >= r->end_time)
		return PLACE_TAKEN;
	if (!slot)
		__atomic_fetch_add(&searches, 1, __ATOMIC_RELAXED);
	if (!slot && r->flags & RESOURCE_WAS_BLOCK && live_is_whole())
		return PLACE_ENDED;
	return d->has_count && d->count <= 0 ? PLACE_ENDED : PLACE_UNSURE;
}
