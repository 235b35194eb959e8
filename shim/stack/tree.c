/* SPDX-License-Identifier: MIT */
/* Adding to the stack tree, and finding a child among many. */
#include "tree.h"

#include <errno.h>
#include <sys/mman.h>

#include "area.h"
#include "sys.h"
#include "rules.h"

/* A fork wipes this. */
struct tree_part {
	uint32_t lock; /* adding a node */
};
#define tree_state STATE_PART(tree)
STATE_PART_FITS(tree);

#define LOG_FIRST 14 /* slots of the first table, as a power of two */
#define LOG_LAST 26
#define LOG_MASK 63ull

/* Address of the slots | their number as a power of two. The slots are wiped by a fork, the
 * word is not: the child finds an empty table. */
static uint64_t table;
static uint32_t table_used; /* behind tree_state.lock */

static uint32_t *table_slots(uint64_t word)
{
	return (uint32_t *)(word & ~LOG_MASK);
}

static uint64_t table_hash(uint32_t parent, uint64_t where)
{
	uint64_t h = (where ^ (uint64_t)parent << 40 ^ parent) * 0x9e3779b97f4a7c15ull;

	return (h ^ h >> 32) * 0xd6e8feb86659fd93ull;
}

static uint32_t table_find(uint32_t parent, uint64_t where, uint32_t flags)
{
	uint64_t word = __atomic_load_n(&table, __ATOMIC_ACQUIRE);
	uint64_t mask = (1ull << (word & LOG_MASK)) - 1;

	if (!word)
		return 0;
	for (uint64_t i = table_hash(parent, where) >> 16;; i++) {
		uint32_t node = __atomic_load_n(&table_slots(word)[i & mask], __ATOMIC_ACQUIRE);
		struct trace_node *n;

		if (!node)
			return 0;
		n = state_node(node);
		if (n->parent == parent && tree_is(n, where, flags))
			return node;
	}
}

static void table_place(uint64_t word, uint32_t node)
{
	struct trace_node *n = state_node(node);
	uint64_t mask = (1ull << (word & LOG_MASK)) - 1;
	uint64_t i = table_hash(n->parent, n->where) >> 16;

	while (table_slots(word)[i & mask])
		i++;
	__atomic_store_n(&table_slots(word)[i & mask], node, __ATOMIC_RELEASE);
}

/* Doubles the table. Readers may still be in the old one; it is left to them, emptied: they find
 * nothing there and look again behind the lock. */
static int table_grow(void)
{
	uint64_t old = table, log = old ? (old & LOG_MASK) + 1 : LOG_FIRST;
	void *slots = log > LOG_LAST ? NULL : area_private(sizeof(uint32_t) << log, 1);

	if (!slots)
		return 0;
	if (old) {
		for (uint64_t i = 0; i >> (old & LOG_MASK) == 0; i++)
			if (table_slots(old)[i])
				table_place((uintptr_t)slots | log, table_slots(old)[i]);
	}
	__atomic_store_n(&table, (uintptr_t)slots | log, __ATOMIC_RELEASE);
	if (old)
		sys_call3(SYS_madvise, (long)table_slots(old),
			  (long)(sizeof(uint32_t) << (old & LOG_MASK)), MADV_DONTNEED);
	return 1;
}

/* 0: no room. */
static int table_insert(uint32_t node)
{
	if (!table || table_used >= 3ull << (table & LOG_MASK) >> 2)
		if (!table_grow())
			return 0;
	table_place(table, node);
	table_used++;
	return 1;
}

/* A look around the ring. *count: how many children it has. */
static uint32_t ring_find(const struct trace_node *parent, uint64_t where, uint32_t flags,
			  uint32_t *count)
{
	uint32_t first = __atomic_load_n(&parent->child, __ATOMIC_ACQUIRE), node = first;

	*count = 0;
	if (!first)
		return 0;
	do {
		struct trace_node *n = state_node(node);

		if (tree_is(n, where, flags))
			return node;
		++*count;
		node = __atomic_load_n(&n->sibling, __ATOMIC_ACQUIRE);
	} while (node != first);
	return 0;
}

/* Finds a child that hint and its sibling did not give. */
uint32_t tree_search(uint32_t parent, uint64_t where, uint32_t flags)
{
	struct trace_node *p = state_node(parent);
	uint32_t count, node;

	if (__atomic_load_n(&p->flags, __ATOMIC_ACQUIRE) & TREE_WIDE)
		node = table_find(parent, where, flags);
	else
		node = ring_find(p, where, flags, &count);
	if (node)
		__atomic_store_n(&p->hint, node, __ATOMIC_RELEASE);
	return node;
}

/* Puts all children of a node into the table, the newest included. */
static void tree_widen(struct trace_node *p)
{
	uint32_t node = p->child;

	do {
		if (!table_insert(node))
			return;
		node = state_node(node)->sibling;
	} while (node != p->child);
	__atomic_fetch_or(&p->flags, TREE_WIDE, __ATOMIC_RELEASE);
}

static uint32_t tree_append(uint32_t parent, struct trace_node *p, uint64_t where, uint32_t flags,
			    uint32_t count)
{
	uint32_t index = area_take(TRACE_AREA_NODE, 1);
	struct trace_node *n, *last;

	if (!index)
		return 0;
	n = state_node(index);
	last = p->child ? state_node(p->child) : n;
	n->parent = parent;
	n->flags = flags;
	n->sibling = p->child ? last->sibling : index;
	__atomic_store_n(&n->where, where, __ATOMIC_RELEASE);
	__atomic_store_n(&last->sibling, index, __ATOMIC_RELEASE);
	__atomic_store_n(&p->child, index, __ATOMIC_RELEASE);
	if (!(p->flags & TREE_WIDE)) {
		if (count >= TREE_RING)
			tree_widen(p);
	} else if (!table_insert(index)) {
		__atomic_fetch_and(&p->flags, ~TREE_WIDE, __ATOMIC_RELEASE); /* back to the ring */
	}
	__atomic_store_n(&p->hint, index, __ATOMIC_RELEASE);
	return index;
}

uint32_t tree_add(uint32_t parent, uint64_t where, uint32_t flags)
{
	struct trace_node *p = state_node(parent);
	uint32_t node, count = 0;

	state_lock(&tree_state.lock);
	if (p->flags & TREE_WIDE)
		node = table_find(parent, where, flags);
	else
		node = ring_find(p, where, flags, &count);
	if (!node)
		node = tree_append(parent, p, where, flags, count);
	state_unlock(&tree_state.lock);
	return node;
}

uint32_t tree_turn(uint32_t parent, uint64_t where, uint32_t flags)
{
	struct trace_node *p = state_node(parent);
	uint32_t hint = __atomic_load_n(&p->hint, __ATOMIC_ACQUIRE), next;

	if (hint && !(hint & TREE_AHEAD)) {
		next = __atomic_load_n(&state_node(hint & ~TREE_MAYBE)->sibling, __ATOMIC_ACQUIRE);
		struct trace_node *n = state_node(next);

		if (tree_is(n, where, flags)) {
			__atomic_store_n(&p->hint,
					 hint & TREE_MAYBE ? __atomic_load_n(&n->sibling, __ATOMIC_ACQUIRE) | TREE_AHEAD
							   : next | TREE_MAYBE,
					 __ATOMIC_RELEASE);
			return next;
		}
	}
	next = tree_search(parent, where, flags);
	return next ? next : tree_add(parent, where, flags);
}

int tree_start(void)
{
	uint32_t root = area_take(TRACE_AREA_NODE, 1);

	if (!root)
		return -ENOSPC;
	table_used = 0;
	__atomic_store_n(&state_node(root)->where, 1, __ATOMIC_RELEASE);
	state.header->root = root;
	return 0;
}
