/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TREE_H
#define LEAKSHIM_TREE_H
/*
 * The stack tree: (parent node, where, flags) -> child node, made on first sight.
 *
 * 1. The children of a node form a ring through `sibling` in the order of their creation;
 *    parent->child is the newest, whose sibling is the oldest. A ring is whole at any moment.
 * 2. A node with more than TREE_RING children has TREE_WIDE set; all its children can then also
 *    be found in one table for the whole tree.
 * 3. Nodes are only added. Look-ups take no lock; adding is done behind state.lock_tree.
 *
 * Context: any thread behind the caller's busy flag; signal-safe so.
 */
#include <stdint.h>
#include "state.h"

#define TREE_RING 12u
#define TREE_WIDE 0x80000000u /* in trace_node.flags, private */
#define TREE_KEY (TRACE_NODE_EXACT | TRACE_NODE_CUT | TRACE_NODE_SCOPE)

uint32_t tree_add(uint32_t parent, uint64_t where, uint32_t flags);
uint32_t tree_search(uint32_t parent, uint64_t where, uint32_t flags);

static inline int tree_is(const struct trace_node *n, uint64_t where, uint32_t flags)
{
	return __atomic_load_n(&n->where, __ATOMIC_RELAXED) == where &&
	       (__atomic_load_n(&n->flags, __ATOMIC_RELAXED) & TREE_KEY) == flags;
}

/* The child of `parent` with this `where` and these flags (of TREE_KEY); 0: no space. */
static inline uint32_t tree_child(uint32_t parent, uint64_t where, uint32_t flags)
{
	struct trace_node *p = state_node(parent);
	uint32_t last = __atomic_load_n(&p->hint, __ATOMIC_ACQUIRE), next;

	if (last) {
		struct trace_node *n = state_node(last);

		if (tree_is(n, where, flags))
			return last;
		next = __atomic_load_n(&n->sibling, __ATOMIC_ACQUIRE);
		if (tree_is(state_node(next), where, flags)) {
			/* past the newest one, the program begins anew with the oldest */
			last = next == __atomic_load_n(&p->child, __ATOMIC_RELAXED)
				       ? __atomic_load_n(&state_node(next)->sibling, __ATOMIC_RELAXED) : next;
			__atomic_store_n(&p->hint, last, __ATOMIC_RELEASE);
			return next;
		}
	}
	next = tree_search(parent, where, flags);
	return next ? next : tree_add(parent, where, flags);
}

/* Makes the root of an empty tree. Returns 0 or -errno. */
int tree_start(void);
#endif
