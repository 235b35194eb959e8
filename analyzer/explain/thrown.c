/* SPDX-License-Identifier: MIT */
/*
 * Exceptions are blocks, too, made by __cxa_allocate_exception with a stack: as many as a leak lost, from below a later call
 * of the function that had its blocks, say where they were lost, also where the code could not be followed.
 */
#include <string.h>

#include "explain_private.h"
#include "own_lines.h"
#include "words.h"

#define NODES_MAX 16u
#define CALLS_MOST 16u
#define CALLS_NEAR 2u /* frames in which one of several calls is looked for */
#define LINES_MOST 16u
#define CALL_LEAST 2u /* one block and one exception are soon found */

struct thrown {
	uint32_t node; /* in the function that had the blocks */
	uint32_t site; /* of most of them */
	uint64_t count;
};

static bool is_exception(struct work *w, uint32_t node)
{
	const struct node *n = &w->model->nodes[node];
	const struct function *f = n->scope || !n->module ? NULL : code_function(w->code, n->pc - 1);

	return f && f->name && !strncmp(f->name, "__cxa_allocate_exception", 24);
}

/* The sites at which exceptions were made, found once. */
static void find_sites(struct work *w)
{
	const struct model *m = w->model;

	w->has_exceptions = true;
	w->exceptions = pool_array(&w->model->pool, m->site_count + 1u, sizeof(*w->exceptions));
	for (uint32_t i = 1; i < m->site_count; i++)
		if (m->sites[i].ever_blocks && is_exception(w, m->sites[i].node))
			w->exceptions[w->exception_count++] = i;
}

bool thrown_any(struct work *w)
{
	if (!w->has_exceptions)
		find_sites(w);
	return w->exception_count > 0;
}

/* The frame right below `above` on the way from a node outwards; 0: it is not on the way. */
static uint32_t below(const struct model *m, uint32_t node, uint32_t above)
{
	while (node && m->nodes[node].parent != above)
		node = m->nodes[node].parent;
	return node;
}

/* Called from the same place, they are, but for calls through a pointer. What a compiler split off begins elsewhere. */
static bool is_one_function(struct work *w, uint32_t a, uint32_t b)
{
	const struct function *f = code_function(w->code, w->model->nodes[a].pc - 1);
	uint64_t start = f && !f->is_part ? f->start : 0;

	f = code_function(w->code, w->model->nodes[b].pc - 1);
	return !start || !f || f->is_part || f->start == start;
}

/* Exceptions from below another call of the function that `frame` is in, called from the same place. `calls`: of each such call
 * by itself. Returns how many calls there are. */
static unsigned count_below(struct work *w, uint32_t frame, struct thrown *all, struct thrown calls[CALLS_MOST])
{
	const struct model *m = w->model;
	unsigned call_count = 0, k;
	uint64_t most = 0;

	*all = (struct thrown){ 0 };
	for (unsigned i = 0; i < w->exception_count; i++) {
		const struct site *s = &m->sites[w->exceptions[i]];
		uint32_t other = below(m, s->node, m->nodes[frame].parent);

		if (!other || other == frame || !is_one_function(w, other, frame))
			continue;
		for (k = 0; k < call_count && calls[k].node != other;)
			k++;
		if (k == call_count && k < CALLS_MOST)
			calls[call_count++] = (struct thrown){ .node = other, .site = w->exceptions[i] };
		if (k < call_count)
			calls[k].count += s->ever_blocks;
		all->count += s->ever_blocks;
		if (s->ever_blocks > most) {
			most = s->ever_blocks;
			all->node = other;
			all->site = w->exceptions[i];
		}
	}
	return call_count;
}

/* Is an exception made by that function itself, inlined or not, and not by one that it calls? Who wrote that saw it leave. */
static bool is_own_throw(struct work *w, const struct thrown *t)
{
	const struct place *place = code_place(w->code, w->model->nodes[t->node].pc - 1);
	uint32_t node;

	return explain_nodes(w, w->model->sites[t->site].node, &node, 1) && node == t->node && place->count == 1;
}

/* Several calls of the function threw: the one out of which as many exceptions came as blocks are lost, to the block. */
static bool find_call(struct work *w, const struct leak *leak, const struct thrown *calls, unsigned count, struct thrown *found)
{
	bool is_found = false;

	for (unsigned k = 0; k < count; k++) {
		if (leak->count < CALL_LEAST || (double)calls[k].count != (double)leak->count ||
		    (is_found && (is_own_throw(w, &calls[k]) || !is_own_throw(w, found))))
			continue;
		*found = calls[k];
		is_found = true;
	}
	return is_found;
}

static bool is_same_name(const char *a, const char *b)
{
	size_t n = a && b ? strcspn(a, "(") : 0;

	return n && n == strcspn(b, "(") && !strncmp(a, b, n);
}

/* The frame, of those that were inlined at an exception, of the innermost function that had the blocks too. */
static const struct frame *common_frame(struct work *w, uint32_t made, uint32_t thrown)
{
	const struct place *a = code_place(w->code, w->model->nodes[made].pc - 1), *b = code_place(w->code, w->model->nodes[thrown].pc - 1);

	for (unsigned i = 0; i < a->count; i++)
		for (unsigned k = 0; k < b->count; k++)
			if (is_same_name(a->frames[i].function, b->frames[k].function))
				return &b->frames[k];
	return &b->frames[b->count - 1];
}

/* Does an explanation name a function that the exceptions left before they came to the one that had the blocks? */
static bool is_on_the_way(struct work *w, const struct explanation *e, const struct thrown *t, const struct frame *to)
{
	const struct model *m = w->model;

	for (uint32_t node = m->sites[t->site].node; e->missing && node && node != m->nodes[t->node].parent; node = m->nodes[node].parent) {
		const struct place *place = m->nodes[node].module ? code_place(w->code, m->nodes[node].pc - 1) : NULL;

		for (unsigned i = 0; place && i < place->count && &place->frames[i] != to; i++)
			if (is_same_name(place->frames[i].function, e->missing->function))
				return true;
	}
	return false;
}

static const struct missing_release *missing_in(struct work *w, const struct frame *f, uint32_t node)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));

	*missing = *missing_at(w, w->model->nodes[node].pc - 1);
	missing->function = f->function;
	missing->file = f->file;
	missing->line = missing->last_line = f->line;
	return missing;
}

/* Siblings are released by a destructor, and the exceptions left a constructor of that class: of an object that was never made no
 * destructor is called, so it was the constructor's to release. 0: not so. */
static const struct missing_release *left_constructor(struct work *w, const struct siblings *siblings, const struct thrown *t)
{
	struct own_line way[LINES_MOST], release[LINES_MOST];
	unsigned count = own_lines(w, w->model->sites[t->site].node, way, LINES_MOST);
	unsigned releases = siblings->count ? own_lines(w, siblings->releases[0].node, release, LINES_MOST) : 0;

	for (unsigned i = 0; i < count; i++) {
		const char *function = way[i].frame->function;

		for (unsigned k = 0; own_lines_is_constructor(function) && k < releases; k++)
			if (own_lines_is_destructor(release[k].frame->function, function, own_lines_class(function)))
				return missing_of(w, way[i].place, way[i].frame);
	}
	return NULL;
}

bool thrown_explain(struct work *w, struct leak *leak, const struct siblings *siblings)
{
	uint32_t nodes[NODES_MAX];
	unsigned count = explain_nodes(w, leak->node, nodes, NODES_MAX);
	struct thrown found = { 0 }, calls[CALLS_MOST];
	const struct frame *at = NULL;
	bool is_one_of_several = false;
	const struct missing_release *constructor;
	struct explanation *e;
	char a[WORDS_SIZE];

	if (!w->has_exceptions)
		find_sites(w);
	for (unsigned k = 0; k < count && w->exception_count; k++) {
		unsigned call_count = count_below(w, nodes[k], &found, calls);

		if ((double)found.count >= leak->count * 0.9 && (double)found.count <= leak->count * 1.1)
			at = common_frame(w, nodes[k], found.node);
		else if (k < CALLS_NEAR && (is_one_of_several = find_call(w, leak, calls, call_count, &found)))
			at = common_frame(w, nodes[k], found.node);
		if (at)
			break;
	}
	if (!at || leak->is_estimate)
		return false;
	if (leak->cause == CAUSE_EXCEPTION && leak->explanation && leak->explanation->confidence != CONFIDENCE_GUESS)
		return true; /* the code itself says where */
	if (leak->explanation && leak->explanation->confidence != CONFIDENCE_GUESS && !is_on_the_way(w, leak->explanation, &found, at))
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = siblings->count && !is_one_of_several ? CONFIDENCE_LIKELY : CONFIDENCE_GUESS;
	constructor = left_constructor(w, siblings, &found);
	e->missing = constructor ? constructor : missing_in(w, at, found.node);
	leak->cause = CAUSE_EXCEPTION;
	evidence_siblings(w, leak, e, siblings);
	if (constructor)
		because_add(w, e, "they left the constructor, and of an object that was not made no destructor is called");
	because_add(w, e, pool_print(&w->model->pool, "%s exceptions came out of that call, as many as are lost",
				     words_number(a, (double)found.count, false)));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}

/* The line of a function in a stack. */
static bool passes(struct work *w, uint32_t node, const char *function, struct own_line *at)
{
	struct own_line lines[LINES_MOST];
	unsigned count = own_lines(w, node, lines, LINES_MOST);

	for (unsigned k = 0; k < count; k++)
		if (is_same_name(lines[k].frame->function, function)) {
			*at = lines[k];
			return true;
		}
	return false;
}

bool thrown_past_release(struct work *w, struct leak *leak, const struct siblings *siblings)
{
	const struct model *m = w->model;
	struct own_line releaser, at = { .node = 0 }, one;
	uint64_t all = 0;
	bool is_as_many = false;
	struct explanation *e;
	char a[WORDS_SIZE];

	if (!thrown_any(w) || leak->is_estimate || leak->count < CALL_LEAST || !siblings->count ||
	    siblings->releases[0].count * 2 <= siblings->watched || !own_lines(w, siblings->releases[0].node, &releaser, 1) ||
	    !releaser.frame->function || strchr(releaser.frame->function, '~') ||
	    passes(w, leak->node, releaser.frame->function, &one))
		return false; /* one that calls who makes them is left after that one */
	for (unsigned i = 0; i < w->exception_count; i++) {
		const struct site *s = &m->sites[w->exceptions[i]];

		if (!passes(w, s->node, releaser.frame->function, &one))
			continue;
		all += s->ever_blocks;
		if (!at.node || (double)s->ever_blocks == leak->count)
			at = one;
		is_as_many |= (double)s->ever_blocks == leak->count;
	}
	if (!is_as_many && (double)all != leak->count)
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing_of(w, at.place, at.frame);
	leak->cause = CAUSE_EXCEPTION;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, pool_print(&w->model->pool, "%s exceptions passed the function that releases others, as many as are lost",
				     words_number(a, is_as_many ? leak->count : (double)all, false)));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
