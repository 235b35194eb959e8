/* SPDX-License-Identifier: MIT */
/* The stack tree: every path has one node, whoever adds it and however many siblings it has. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "area.h"
#include "state.h"
#include "tree.h"

#define THREADS 4
#define NARROW 9u
#define WIDE 40000u

static uint32_t seen[THREADS][WIDE];

/* Children of the root, each with children of its own; the last root child gets very many. */
static void *add(void *raw)
{
	uint32_t me = *(uint32_t *)raw, root = state.header->root;

	for (uint32_t i = 0; i < WIDE; i++) {
		uint32_t at = (i * 7919u + me * 131u) % WIDE;
		uint32_t first = tree_child(root, 100 + at % NARROW, 0);
		uint32_t node = at % NARROW ? tree_child(first, 1000 + at % 50, at % 3 ? 0 : TRACE_NODE_EXACT)
					    : tree_child(first, 1000 + at, 0);

		CHECK(first && node);
		seen[me][at] = node;
	}
	return NULL;
}

static void look_at(uint32_t at)
{
	const struct trace_node *n = state_node(seen[0][at]), *first = state_node(n->parent);

	for (int i = 1; i < THREADS; i++)
		CHECK(seen[i][at] == seen[0][at]);
	CHECK(n->where == 1000 + (at % NARROW ? at % 50 : at));
	CHECK(first->where == 100 + at % NARROW && first->parent == state.header->root);
}

static uint32_t ring_length(uint32_t node)
{
	uint32_t count = 0, first = state_node(node)->child, at = first;

	if (first)
		do {
			CHECK(state_node(at)->parent == node);
			count++;
			at = state_node(at)->sibling;
		} while (at != first);
	return count;
}

int main(void)
{
	pthread_t thread[THREADS];
	uint32_t number[THREADS];

	CHECK(!area_open("none") && !tree_start());
	for (uint32_t i = 0; i < THREADS; i++) {
		number[i] = i;
		CHECK(!pthread_create(&thread[i], NULL, add, &number[i]));
	}
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	for (uint32_t at = 0; at < WIDE; at++)
		look_at(at);
	CHECK(ring_length(state.header->root) == NARROW);
	CHECK(ring_length(state_node(seen[0][0])->parent) == (WIDE + NARROW - 1) / NARROW);
	CHECK(tree_search(state.header->root, 99, 0) == 0);
	CHECK(tree_search(state_node(seen[0][0])->parent, 999, 0) == 0);
	return 0;
}
