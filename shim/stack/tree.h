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
 * 3. Nodes are only added. Look-ups take no lock; adding is done behind tree_state.lock.
 * 4. parent->hint is the child that is expected next: the last one again, or, once a program has gone from child to
 *    sibling twice in a row (TREE_MAYBE after the first time, then TREE_AHEAD), the sibling of the last one. It is a guess:
 *    threads may overwrite each other's.
 *
 * Context: any thread behind the caller's busy flag; signal-safe so.
 */
#include <stdint.h>
#include "state.h"

#define TREE_RING 12u
#define TREE_AHEAD 0x80000000u /* in trace_node.hint */
#define TREE_MAYBE 0x40000000u /* the same */
#define TREE_WIDE 0x80000000u /* in trace_node.flags, private */
#define TREE_KEY (TRACE_NODE_EXACT | TRACE_NODE_CUT | TRACE_NODE_SCOPE)

static inline int tree_is(const struct trace_node *n, uint64_t where, uint32_t flags)
{
	return __atomic_load_n(&n->where, __ATOMIC_RELAXED) == where &&
	       (__atomic_load_n(&n->flags, __ATOMIC_RELAXED) & TREE_KEY) == flags;
}

/* The two halves of a look-up: a child that is there, 0 if it is not; and one that is put there if it is not. */
uint32_t tree_search(uint32_t parent, uint64_t where, uint32_t flags);
uint32_t tree_add(uint32_t parent, uint64_t where, uint32_t flags);

/* A child that is not the one expected. */
uint32_t tree_turn(uint32_t parent, uint64_t where, uint32_t flags);

/* The child of `parent` with this `where` (not 0) and these flags (of TREE_KEY); 0: no space. */
static inline uint32_t tree_child(uint32_t parent, uint64_t where, uint32_t flags)
{
	struct trace_node *p = state_node(parent);
	uint32_t hint = __atomic_load_n(&p->hint, __ATOMIC_ACQUIRE), node = hint & ~(TREE_AHEAD | TREE_MAYBE);
	const struct trace_node *n = state_node(node); /* node 0, which is none, is empty */

	if (__builtin_expect(!tree_is(n, where, flags), 0))
		return tree_turn(parent, where, flags);
	if (hint & TREE_AHEAD)
		__atomic_store_n(&p->hint, __atomic_load_n(&n->sibling, __ATOMIC_ACQUIRE) | TREE_AHEAD, __ATOMIC_RELEASE);
	else if (hint & TREE_MAYBE)
		__atomic_store_n(&p->hint, node, __ATOMIC_RELEASE);
	return node;
}

/* Makes the root of an empty tree. Returns 0 or -errno. */
int tree_start(void);
#endif
