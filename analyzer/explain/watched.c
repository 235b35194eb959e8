/* SPDX-License-Identifier: MIT */
/* What a second look saw: who held a block last, and what the thread did when nobody did any more. */
#include <limits.h>
#include <string.h>

#include "destroyed.h"
#include "explain_private.h"
#include "own.h"
#include "path.h"
#include "seen_places.h"
#include "words.h"

#define NODES_MAX 256u
#define LINES_NEAR 3u /* code of one branch, most likely */
#define LINES_MOST 16u

static bool is_equal(const struct watched *a, const struct watched *b)
{
	return a->loss == b->loss && a->holder == b->holder && a->holder_site == b->holder_site && a->lost == b->lost &&
	       (a->holder != HOLDER_BLOCK || a->holder_at == b->holder_at || a->loss == LOSS_FREED);
}

static int weight(const struct watched *a)
{
	return a->holder == HOLDER_UNKNOWN ? 0 : a->is_stale || (a->may_be_stale && a->holder == HOLDER_BLOCK) ? 1 : 2;
}

/* How deep in the stack lies the frame that had it, at the last event at which it was held? The less, the later that was. */
static unsigned depth_of(struct work *w, const struct leak *leak, const struct watched *a)
{
	uint32_t made, had;
	unsigned depth = 0;

	if (!a->held || !stacks_part(w, leak->node, a->held, &made, &had))
		return UINT_MAX;
	for (; had; had = w->model->nodes[had].parent)
		depth++;
	return depth;
}

const struct watched *watched_find(struct work *w, const struct leak *leak, unsigned *same, unsigned *all)
{
	const struct model *m = w->model;
	const struct watched *best = NULL;
	unsigned depth = 0;

	*same = *all = 0;
	for (uint32_t i = 0; i < m->watched_count; i++) {
		const struct watched *a = &m->watched[i];
		unsigned count = 0;

		if (m->sites[a->site].node != leak->node || a->loss == LOSS_NONE)
			continue;
		++*all;
		for (uint32_t k = 0; k < m->watched_count; k++)
			count += m->watched[k].site == a->site && is_equal(a, &m->watched[k]);
		if (!best || weight(a) > weight(best) ||
		    (weight(a) == weight(best) && (count > *same || (count == *same && depth_of(w, leak, a) < depth)))) {
			best = a;
			*same = count;
			depth = depth_of(w, leak, a);
		}
	}
	return best;
}

bool watched_is_list(const struct work *w, const struct leak *leak)
{
	const struct model *m = w->model;
	unsigned linked = 0, all = 0;

	for (uint32_t i = 0; i < m->watched_count; i++) {
		const struct watched *a = &m->watched[i];

		if (m->sites[a->site].node != leak->node)
			continue;
		all++;
		linked += a->loss == LOSS_NONE && a->holder == HOLDER_BLOCK && m->sites[a->holder_site].node == leak->node;
	}
	return linked >= 2 && linked * 2 > all;
}

const struct place *watched_frame(struct work *w, const struct watched *seen)
{
	const struct node *n = seen && seen->holder == HOLDER_STACK && seen->holder_frame ? &w->model->nodes[seen->holder_frame] : NULL;

	return n && !n->scope && n->module && w->model->modules[n->module].kind != MODULE_SHIM ? code_place(w->code, n->pc - 1) : NULL;
}

static bool is_exception(const char *name)
{
	return !strncmp(name, "__cxa_allocate_exception", 24) || !strncmp(name, "_Unwind_", 8) || !strncmp(name, "__cxa_throw", 11) ||
	       (!strncmp(name, "std::", 5) && strstr(name, "_error::"));
}

static const char *function_of(struct work *w, uint32_t node)
{
	const struct function *f = code_function(w->code, w->model->nodes[node].pc - 1);

	return f ? f->name : NULL;
}

/* Was an exception on its way at an event? */
static bool is_throwing(struct work *w, uint32_t node)
{
	const struct model *m = w->model;

	for (unsigned k = 0; node && m->nodes[node].parent && k < 12; node = m->nodes[node].parent, k++) {
		const char *name = m->nodes[node].scope ? NULL : function_of(w, node);

		if (name && is_exception(name))
			return true;
	}
	return false;
}

/* How many watched blocks of a site were released from one line, and how many at all. */
static void count_releases(struct work *w, uint32_t site, uint32_t like, uint64_t *here, uint64_t *all)
{
	const struct model *m = w->model;
	uint32_t one, other;

	*here = *all = 0;
	if (!explain_nodes(w, like, &one, 1))
		return;
	for (uint32_t i = 0; i < m->release_count; i++) {
		if (m->sites[m->releases[i].site].node != m->sites[site].node || !explain_nodes(w, m->releases[i].node, &other, 1))
			continue;
		*all += m->releases[i].count;
		if (m->nodes[one].pc == m->nodes[other].pc)
			*here += m->releases[i].count;
	}
}

static bool is_one_function(struct work *w, uint32_t a, uint32_t b)
{
	const struct function *f = code_function(w->code, w->model->nodes[a].pc - 1), *g = code_function(w->code, w->model->nodes[b].pc - 1);

	return f && g && f->start == g->start;
}

/* The same, where what was inlined is a function, too. */
static bool is_one_scope(struct work *w, uint32_t a, uint32_t b)
{
	const char *in_a = code_place(w->code, w->model->nodes[a].pc - 1)->frames[0].function;
	const char *in_b = code_place(w->code, w->model->nodes[b].pc - 1)->frames[0].function;

	return is_one_function(w, a, b) && (!in_a || !in_b || !strcmp(in_a, in_b));
}

/* Does the function that a stack ends in also release siblings? */
static bool releases_siblings(struct work *w, uint32_t node, const struct siblings *siblings)
{
	uint32_t here[NODES_MAX], there[NODES_MAX];
	unsigned n = explain_nodes(w, node, here, NODES_MAX);

	for (unsigned i = 0; n && i < siblings->count; i++)
		if (explain_nodes(w, siblings->releases[i].node, there, NODES_MAX) && is_one_function(w, here[0], there[0]))
			return true;
	return false;
}

/* Did what held them hold several, one after the other or each at its own place? */
static bool is_container(const struct work *w, const struct leak *leak)
{
	const struct model *m = w->model;
	const struct watched *first = NULL;

	for (uint32_t i = 0; i < m->watched_count; i++) {
		const struct watched *a = &m->watched[i];

		if (m->sites[a->site].node != leak->node || a->loss != LOSS_FREED)
			continue;
		if (first && a->holder_at != first->holder_at)
			return true;
		first = a;
	}
	return watched_is_list(w, leak);
}

/* Are siblings released from below a function? One that forgets some of them was meant to release all. */
static bool passes_siblings(struct work *w, const struct siblings *siblings, const char *function)
{
	struct own_line lines[LINES_MOST];

	for (unsigned i = 0; i < siblings->count; i++) {
		unsigned count = own_lines(w, siblings->releases[i].node, lines, LINES_MOST);

		for (unsigned k = 0; k < count; k++)
			if (lines[k].frame->function && !strcmp(lines[k].frame->function, function))
				return true;
	}
	return false;
}

/* Its owner went first: on purpose of the owner's own way to end, or on a way that others do not take? */
static enum cause cause_of_freed(struct work *w, const struct leak *leak, const struct watched *seen, const struct siblings *siblings)
{
	enum library_doing doing = own_lines_doing(w, seen->lost);
	struct own_line line;
	uint32_t released, made;
	uint64_t here, all;

	if (doing != LIBRARY_NOTHING && own_lines(w, seen->lost, &line, 1)) {
		if (doing != LIBRARY_DESTROYS || !siblings->count)
			return CAUSE_OWNER_FREED;
		if (!line.frame->function || !strstr(line.frame->function, "::~"))
			return CAUSE_ERROR_PATH;
		return passes_siblings(w, siblings, line.frame->function) ? CAUSE_OWNER_FREED : CAUSE_DROPPED_QUEUE;
	}
	if (!explain_nodes(w, seen->lost, &released, 1))
		return CAUSE_OWNER_FREED;
	count_releases(w, seen->holder_site, seen->lost, &here, &all);
	if (siblings->count && here * 2 < all && explain_nodes(w, w->model->sites[seen->holder_site].node, &made, 1) &&
	    is_one_scope(w, released, made))
		return CAUSE_ERROR_PATH;
	if (siblings->count && !releases_siblings(w, seen->lost, siblings) && here * 2 >= all && is_container(w, leak))
		return CAUSE_DROPPED_QUEUE;
	return CAUSE_OWNER_FREED;
}

static void add_holder(struct work *w, struct explanation *e, const struct watched *seen)
{
	static const char *const names[HOLDERS] = { "stack", "stack", "register", "global", "block", "mapping" };
	static const char *const ends[LOSSES] = { NULL, "something else was written there", "it was released", "the thread ended",
						    "the container had fewer elements" };
	struct holder *h = pool_take(&w->model->pool, sizeof(*h));
	const struct place *frame = watched_frame(w, seen);
	uint32_t node;

	h->what = names[seen->holder];
	h->until = seen->holder == HOLDER_STACK && seen->loss == LOSS_CHANGED ? "the function was left, or held something else"
									       : ends[seen->loss];
	if (frame)
		h->function = frame->frames[frame->count - 1].function;
	if (seen->holder == HOLDER_GLOBAL)
		h->symbol = code_variable(w->code, seen->holder_at, &h->offset);
	if (seen->holder == HOLDER_BLOCK && explain_nodes(w, w->model->sites[seen->holder_site].node, &node, 1)) {
		h->created_at = code_place(w->code, w->model->nodes[node].pc - 1);
		h->offset = seen->holder_at;
	}
	e->last_held_by = h;
}

static struct explanation *begin(struct work *w, const struct watched *seen, unsigned same, unsigned all)
{
	struct explanation *e = pool_take(&w->model->pool, sizeof(*e));
	struct pool *p = &w->model->pool;
	uint32_t nodes[NODES_MAX];

	if (explain_nodes(w, seen->lost, nodes, NODES_MAX)) {
		const struct frame *f = &code_place(w->code, w->model->nodes[nodes[0]].pc - 1)->frames[0];

		because_add(w, e, f->file && f->line
					  ? pool_print(p, "seen of %u of %u that were looked at: the last that held it went in %s (%s:%u)", same,
						       all, f->function ? f->function : "?", path_file(f->file), f->line)
					  : pool_print(p, "seen of %u of %u that were looked at: the last that held it went in %s", same, all,
						       f->function ? f->function : "?"));
	}
	add_holder(w, e, seen);
	return e;
}

static bool freed_explain(struct work *w, struct leak *leak, const struct watched *seen, unsigned same, unsigned all,
			  const struct siblings *siblings)
{
	struct explanation *e = begin(w, seen, same, all);
	const struct missing_release *missing = NULL;
	bool is_releasing = false;
	struct own_line line;
	uint32_t released;

	if (explain_nodes(w, seen->lost, &released, 1) &&
	    (missing = destroyed_before(w, w->model->nodes[released].pc - 1, &is_releasing))) {
		e->confidence = is_releasing ? CONFIDENCE_LIKELY : CONFIDENCE_GUESS;
	} else if (own_lines_doing(w, seen->lost) != LIBRARY_NOTHING && own_lines(w, seen->lost, &line, 1)) {
		missing = seen_line(w, &line);
		e->confidence = own_lines_doing(w, seen->lost) == LIBRARY_DESTROYS ? CONFIDENCE_GUESS : CONFIDENCE_LIKELY;
	} else if (leak->family >= FAMILY_NEW && w->model->sites[seen->holder_site].node == leak->node && own_lines(w, seen->lost, &line, 1)) {
		missing = seen_line(w, &line); /* one of them held the next: who goes along the list forgot */
		e->confidence = CONFIDENCE_GUESS;
	} else {
		uint32_t caller = owner_one_by_one(w, seen->lost, siblings);

		missing = owner_place(w, caller ? caller : seen->lost, seen->held, leak->family >= FAMILY_NEW, &e->confidence);
		if (caller)
			e->confidence = CONFIDENCE_GUESS;
	}
	if (missing && !missing->line && parted_near(w, leak)) {
		missing = parted_near(w, leak); /* code that ways share has no line */
		e->confidence = CONFIDENCE_GUESS;
	}
	if (!missing)
		return false;
	e->missing = missing;
	if (same * 2 <= all || seen->is_stale || seen->may_be_stale)
		e->confidence = CONFIDENCE_GUESS;
	leak->cause = is_throwing(w, seen->held) ? CAUSE_EXCEPTION : cause_of_freed(w, leak, seen, siblings);
	evidence_siblings(w, leak, e, siblings);
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}

/* The line after the one in which a frame of an event called on. */
static const struct missing_release *place_after(struct work *w, const struct place *frame, const struct frame *f, uint64_t address)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));
	const struct function *function = code_function(w->code, address);
	unsigned next = f->line && function ? code_line_after(w->code, address, function->end, f->line) : 0;

	if (next > f->line + LINES_NEAR)
		next = 0;
	*missing = (struct missing_release){ .function = f->function, .file = f->file, .line = next ? next : f->line,
					     .last_line = next ? next : f->line, .offset = frame->offset,
					     .module = frame->module ? frame->module->path : NULL };
	return missing;
}

/* The innermost function that a place has in common with another one; else the one that all of the place is inlined into. */
static const struct frame *frame_in_common(const struct place *place, const struct place *other)
{
	for (unsigned k = 0; k < place->count; k++)
		for (unsigned i = 0; place->frames[k].function && i < other->count; i++)
			if (other->frames[i].function && !strcmp(place->frames[k].function, other->frames[i].function))
				return &place->frames[k];
	return &place->frames[place->count - 1];
}

/* What is kept on the stack may be what a callee saved of its caller's. The frame that had it is the one in which it was made or
 * arrived, unless what happened next happened in a function that this one had called. Returns its node at the last event; 0. */
static uint32_t frame_that_had_it(struct work *w, const struct leak *leak, const struct watched *seen, const struct frame **frame)
{
	uint32_t made, had, before, after;
	const struct place *place;

	if (!seen->held || !stacks_part(w, leak->node, seen->held, &made, &had))
		return 0;
	if (w->model->nodes[had].pc < w->model->nodes[made].pc && code_place(w->code, w->model->nodes[had].pc - 1)->frames[0].line <
								    code_place(w->code, w->model->nodes[made].pc - 1)->frames[0].line)
		return 0; /* another call of that function, perhaps */
	place = code_place(w->code, w->model->nodes[had].pc - 1);
	*frame = frame_in_common(place, code_place(w->code, w->model->nodes[made].pc - 1));
	if (!seen->lost || !stacks_part(w, seen->held, seen->lost, &before, &after))
		return had;
	for (uint32_t up = before; up; up = w->model->nodes[up].parent)
		if (up == had && before != had) {
			place = code_place(w->code, w->model->nodes[before].pc - 1);
			*frame = frame_in_common(place, code_place(w->code, w->model->nodes[after].pc - 1));
			return before;
		}
	return had;
}

static bool left_explain(struct work *w, struct leak *leak, const struct watched *seen, unsigned same, unsigned all,
			 const struct siblings *siblings)
{
	const struct place *place = watched_frame(w, seen);
	const struct frame *frame = place ? &place->frames[place->count - 1] : NULL;
	uint32_t node = seen->holder == HOLDER_STACK || seen->holder == HOLDER_REGISTER ? frame_that_had_it(w, leak, seen, &frame) : 0;
	struct explanation *e;

	if (node)
		place = code_place(w->code, w->model->nodes[node].pc - 1);
	else
		node = seen->holder_frame;
	if (!place || !frame || !frame->function || own_is_library(place, frame))
		return false;
	e = begin(w, seen, same, all);
	e->missing = place_after(w, place, frame, w->model->nodes[node].pc - 1);
	e->confidence = CONFIDENCE_GUESS;
	leak->cause = siblings->count ? CAUSE_ERROR_PATH : CAUSE_NEVER_RELEASED;
	if (seen->loss == LOSS_THREAD_ENDED)
		leak->cause = CAUSE_THREAD_EXIT;
	evidence_siblings(w, leak, e, siblings);
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}

static void say(struct work *w, struct leak *leak, struct explanation *e, enum cause cause, const struct missing_release *missing,
		const struct siblings *siblings)
{
	e->missing = missing;
	leak->cause = cause;
	evidence_siblings(w, leak, e, siblings);
	evidence_advice(w, leak, e);
	leak->explanation = e;
}

/* What held it holds less, or something else, and what was put there, or taken out, is known. */
static bool changed_explain(struct work *w, struct leak *leak, const struct watched *seen, unsigned same, unsigned all,
			    const struct siblings *siblings, const struct walk *ways)
{
	const struct missing_release *missing = NULL;
	struct explanation *e = begin(w, seen, same, all);
	enum cause cause = CAUSE_OWNER_FREED;
	bool is_sure = false;

	e->confidence = CONFIDENCE_GUESS;
	if (seen->loss == LOSS_GIVEN_UP) {
		missing = seen_given_up(w, seen);
		because_add(w, e, "a container that held it has fewer elements since");
	} else if (seen->holder == HOLDER_BLOCK && seen->instead && (missing = seen_given_up(w, seen))) {
		because_add(w, e, "a container that held it has lost elements since");
	} else if ((seen->holder == HOLDER_STACK || !seen->instead) && (missing = seen_destroying(w, leak, seen))) {
		because_add(w, e, "it was lost while that object was destroyed");
	} else if ((missing = seen_moved_up(w, seen))) {
		cause = siblings->count ? CAUSE_ERROR_PATH : CAUSE_NEVER_RELEASED;
		because_add(w, e, "it was in an array, of which what comes after was moved up");
	} else if (seen->instead && (missing = seen_overwritten(w, leak, seen, ways, &is_sure))) {
		cause = CAUSE_OVERWRITTEN;
		if (is_sure && same * 2 > all && !seen->is_stale && !seen->may_be_stale && seen->holder != HOLDER_STACK)
			e->confidence = CONFIDENCE_LIKELY;
		because_add(w, e, "what held it leads to another block since");
	}
	if (missing)
		say(w, leak, e, cause, missing, siblings);
	return missing != NULL;
}

/* An explanation that was found by other evidence, with what was seen. */
static void join(struct work *w, struct leak *leak, const struct watched *seen)
{
	struct explanation *e = pool_take(&w->model->pool, sizeof(*e));

	*e = *leak->explanation;
	add_holder(w, e, seen);
	if (is_throwing(w, seen->held) && seen->loss == LOSS_CHANGED && seen->holder == HOLDER_STACK &&
	    leak->cause != CAUSE_OWNER_FREED)
		leak->cause = CAUSE_EXCEPTION;
	if (seen->loss == LOSS_THREAD_ENDED && e->confidence == CONFIDENCE_GUESS)
		leak->cause = CAUSE_THREAD_EXIT;
	leak->explanation = e;
}

/* Did a variable of the frame that had it hold it, and not only what others had saved of that one? */
static bool is_sure(struct work *w, const struct leak *leak, const struct watched *seen)
{
	uint32_t made, had, innermost;

	if (seen->loss != LOSS_CHANGED || !seen->held || !stacks_part(w, leak->node, seen->held, &made, &had))
		return false;
	return seen->holder == HOLDER_STACK ? had == seen->holder_frame
					    : seen->holder == HOLDER_REGISTER && explain_nodes(w, seen->held, &innermost, 1) &&
						      had == innermost;
}

/* Does what was seen speak against what was found by other evidence? */
static bool is_refuted(struct work *w, const struct leak *leak, const struct watched *seen)
{
	return w->is_unseen == leak->explanation && (leak->explanation->confidence == CONFIDENCE_GUESS || is_sure(w, leak, seen));
}

/* Most were held by nobody as soon as they were looked at: what held one of them for longer was left over from another block. */
static bool is_left_over(const struct work *w, const struct leak *leak, const struct watched *seen)
{
	const struct model *m = w->model;
	unsigned never = 0, all = 0;

	for (uint32_t i = 0; i < m->watched_count; i++) {
		const struct watched *a = &m->watched[i];

		if (m->sites[a->site].node != leak->node || a->loss == LOSS_NONE)
			continue;
		all++;
		never += a->holder == HOLDER_UNKNOWN;
	}
	return seen->holder == HOLDER_BLOCK && leak->explanation && leak->explanation->missing &&
	       (never * 2 > all || (seen->loss == LOSS_GIVEN_UP && (seen->is_stale || seen->may_be_stale)));
}

void watched_explain(struct work *w, struct leak *leak, const struct siblings *siblings, const struct walk *ways, bool is_thrown)
{
	unsigned same, all;
	const struct watched *seen = watched_find(w, leak, &same, &all);

	if (!(is_thrown && leak->explanation->confidence == CONFIDENCE_GUESS) && /* a throw leaves no trace that could be followed */
	    parted_explain(w, leak, siblings, seen && (same * 2 > all || seen->loss == LOSS_GIVEN_UP) ? seen : NULL)) {
		if (seen)
			add_holder(w, (struct explanation *)leak->explanation, seen);
		return;
	}
	if (!seen || leak->cause == CAUSE_CYCLE)
		return;
	if (seen->loss == LOSS_FREED && !is_thrown && !is_left_over(w, leak, seen) && freed_explain(w, leak, seen, same, all, siblings))
		return;
	if (!is_thrown && (!leak->explanation || leak->explanation->confidence == CONFIDENCE_GUESS) &&
	    (seen->loss == LOSS_CHANGED || seen->loss == LOSS_GIVEN_UP) && !is_left_over(w, leak, seen) && changed_explain(w, leak, seen, same, all, siblings, ways))
		return;
	if (leak->explanation && leak->explanation->missing && !is_refuted(w, leak, seen))
		join(w, leak, seen);
	else if (!left_explain(w, leak, seen, same, all, siblings) && leak->explanation && leak->explanation->missing)
		join(w, leak, seen);
}
