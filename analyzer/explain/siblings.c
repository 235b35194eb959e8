/* SPDX-License-Identifier: MIT */
/* Where others that were made like a leak were let go. */
#include <stdlib.h>
#include <string.h>

#include "explain_private.h"

#define LINES_MAX 32u

static int by_count(const void *left, const void *right)
{
	const struct release *a = left, *b = right;

	return a->count > b->count ? -1 : a->count < b->count;
}

static void add(struct release *list, unsigned *count, const struct release *r)
{
	for (unsigned i = 0; i < *count; i++)
		if (list[i].node == r->node) {
			list[i].count += r->count;
			if (r->max_us > list[i].max_us)
				list[i].max_us = r->max_us;
			for (unsigned k = 0; k < RELEASE_AGES; k++)
				list[i].ages[k] = (uint16_t)(list[i].ages[k] + r->ages[k]);
			return;
		}
	list[(*count)++] = *r;
}

/* Was it made by the same call, whoever called that function? */
static bool is_same_call(struct work *w, uint32_t node, uint32_t innermost)
{
	uint32_t first;

	return explain_nodes(w, node, &first, 1) && w->model->nodes[first].pc == w->model->nodes[innermost].pc;
}

/* A library makes things of its own during a call that also makes what it hands out: a buffer of getline's stream, a scratch
 * string of asprintf. How those go says nothing of the other. */
static bool is_the_librarys(struct work *w, const struct leak *leak, const struct release *r)
{
	const struct model *m = w->model;
	uint32_t node = m->sites[r->site].node, made, released;
	const struct function *its, *leaks;

	if (!explain_nodes(w, node, &made, 1) || made == node)
		return false;
	its = code_function(w->code, m->nodes[node].pc - 1);
	leaks = code_function(w->code, m->nodes[leak->node].pc - 1);
	if (!its != !leaks || (its && its->start != leaks->start))
		return true;
	return r->node != node && explain_nodes(w, r->node, &released, 1) && m->nodes[released].pc == m->nodes[made].pc;
}

static bool is_same_frame(const struct frame *a, const struct frame *b)
{
	return a->line && a->line == b->line && a->function && b->function && !strcmp(a->function, b->function);
}

static bool is_same_line(const struct place *a, const struct place *b)
{
	return is_same_frame(&a->frames[0], &b->frames[0]);
}

/* By the same callers, too, if it is inlined into them. */
static bool is_same_inlined(const struct place *a, const struct place *b)
{
	unsigned k = 0;

	while (k < a->count && k < b->count && is_same_frame(&a->frames[k], &b->frames[k]))
		k++;
	return k == a->count && k == b->count;
}

/* The call that made it also took it: as realloc does with the one that grew. */
static bool is_taken_by_maker(struct work *w, const struct release *r, uint32_t innermost)
{
	uint32_t released;

	return explain_nodes(w, r->node, &released, 1) && w->model->nodes[released].pc == w->model->nodes[innermost].pc;
}

/* One line may have several calls in the code, one for each way out of it. Returns whether some were made for the same callers. */
static bool find_by_lines(struct work *w, const struct leak *leak, const uint32_t *nodes, unsigned node_count,
			  struct release *list, unsigned *count)
{
	const struct model *m = w->model;
	bool is_same = false;

	for (uint32_t i = 0; i < m->release_count; i++) {
		uint32_t other[LINES_MAX];
		unsigned n = explain_nodes(w, m->sites[m->releases[i].site].node, other, LINES_MAX), same = 0, inlined = 0;

		while (same < n && same < node_count &&
		       is_same_line(code_place(w->code, m->nodes[other[same]].pc - 1),
				    code_place(w->code, m->nodes[nodes[same]].pc - 1)))
			inlined += is_same_inlined(code_place(w->code, m->nodes[other[same]].pc - 1),
						   code_place(w->code, m->nodes[nodes[same]].pc - 1)), same++;
		if (!n || same != n || (n != node_count && n != LINES_MAX) || is_the_librarys(w, leak, &m->releases[i]))
			continue;
		add(list, count, &m->releases[i]);
		is_same |= inlined == n;
	}
	return is_same;
}

void siblings_find(struct work *w, const struct leak *leak, const uint32_t *nodes, unsigned node_count, struct siblings *s)
{
	const struct model *m = w->model;
	struct release *list = pool_array(&w->model->pool, m->release_count + 1u, sizeof(*list));
	unsigned count = 0;

	memset(s, 0, sizeof(*s));
	for (uint32_t i = 0; i < m->release_count; i++)
		if (m->sites[m->releases[i].site].node == leak->node)
			add(list, &count, &m->releases[i]);
	for (unsigned i = 0; i < count; i++)
		s->is_same_stack |= !is_taken_by_maker(w, &list[i], nodes[0]);
	for (uint32_t i = 0; i < m->release_count && !s->is_same_stack; i++)
		if (m->sites[m->releases[i].site].node != leak->node &&
		    is_same_call(w, m->sites[m->releases[i].site].node, nodes[0]) && !is_the_librarys(w, leak, &m->releases[i]))
			add(list, &count, &m->releases[i]);
	if (!count)
		s->is_same_lines = find_by_lines(w, leak, nodes, node_count, list, &count);
	if (count)
		qsort(list, count, sizeof(*list), by_count);
	for (unsigned i = 0; i < count; i++)
		s->watched += list[i].count;
	s->releases = list;
	s->count = count;
}
