/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RESOURCE_CHAIN_H
#define LEAKSHIM_RESOURCE_CHAIN_H
/* The chains of the table in which resources are found, inline: every retain and release passes through. Who holds a chain owns
 * all resources in it. */
#include "resource_private.h"
#include "sys.h"

static inline uint32_t chain_lock(uint32_t hash)
{
	uint32_t *head = &resource_table->heads[hash];

	for (uint32_t spins = 0;; spins++) {
		uint32_t now = __atomic_load_n(head, __ATOMIC_RELAXED);

		if (!(now & RESOURCE_LOCK) &&
		    __atomic_compare_exchange_n(head, &now, now | RESOURCE_LOCK, 0, __ATOMIC_ACQUIRE,
						__ATOMIC_RELAXED))
			return now;
		if (spins > 64)
			sys_call3(SYS_sched_yield, 0, 0, 0);
		__builtin_ia32_pause();
	}
}

static inline void chain_unlock(uint32_t hash, uint32_t first)
{
	__atomic_store_n(&resource_table->heads[hash], first, __ATOMIC_RELEASE);
}

/* Looks along a chain. `type` 0 is any. Living ones win over ended ones. */
static inline uint32_t chain_find(uint32_t first, uintptr_t address, uint32_t type)
{
	uint32_t ended = 0;

	for (uint32_t i = first; i; i = at_resource(i)->next) {
		const struct trace_resource *r = at_resource(i);

		if (trace_resource_address(r) != address || (type && r->type != type))
			continue;
		if (!(r->flags & TRACE_RESOURCE_ENDED))
			return i;
		if (!ended)
			ended = i;
	}
	return ended;
}

static inline uint32_t chain_unlink(uint32_t first, uint32_t gone)
{
	if (first == gone)
		return at_resource(gone)->next;
	for (uint32_t i = first; i; i = at_resource(i)->next)
		if (at_resource(i)->next == gone) {
			at_resource(i)->next = at_resource(gone)->next;
			break;
		}
	return first;
}
#endif
