/* SPDX-License-Identifier: MIT */
/*
 * What a thread had for itself, and whose last pointer went with the thread: who forgot is who ended the thread, not who put it
 * away.
 *
 * 1. A function that the code below the thread's first one calls, and that ends the thread, is one way out that is easily
 *    forgotten: it comes first.
 * 2. Else it is the end of the thread's first function.
 */
#include <string.h>

#include "explain_private.h"
#include "own.h"

#define NODES_MAX 64u
#define BYTES_MOST 20000u
#define DEPTH_MOST 3u

/* A call by which a function, or what it calls, ends its thread; 0: none. */
static uint64_t find_exit(struct work *w, const struct function *f, unsigned depth)
{
	struct insn i;

	if (f->end - f->start > BYTES_MOST)
		return 0;
	for (uint64_t at = f->start; at < f->end; at = i.next) {
		const struct function *callee;
		const char *name;
		uint64_t inner;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if ((i.op != OP_CALL && i.op != OP_JUMP) || i.to.kind != OPERAND_IMM || ((uint64_t)i.to.value >= f->start && (uint64_t)i.to.value < f->end))
			continue;
		name = code_stub(w->code, (uint64_t)i.to.value);
		if (name && (!strcmp(name, "pthread_exit") || !strcmp(name, "thrd_exit")))
			return at;
		callee = name || !depth ? NULL : code_function(w->code, (uint64_t)i.to.value);
		if (callee && !callee->is_system && !code_is_of_library(w->code, callee->start) && (inner = find_exit(w, callee, depth - 1)))
			return inner;
	}
	return 0;
}

/* The outermost function of the program's own at a place; 0. */
static const struct frame *outermost(const struct place *place)
{
	for (unsigned k = place->count; k-- > 0;)
		if (place->frames[k].function && !own_is_library(place, &place->frames[k]))
			return &place->frames[k];
	return NULL;
}

/* The last line of a function, and the one right before it, where that has code: what returns. */
static const struct missing_release *end_of(struct work *w, uint64_t in, const struct frame *first)
{
	const struct function *f = code_function(w->code, in);
	struct missing_release *missing = NULL;
	unsigned last = 0, before = 0;
	struct insn i;

	for (uint64_t at = f ? f->start : 0; f && at < f->end && f->end - f->start < BYTES_MOST; at = i.next) {
		const struct place *place = code_place(w->code, at);

		if (decode(w->code, at, &i))
			i.next = at + 1;
		for (unsigned k = 0; k < place->count; k++) {
			const struct frame *frame = &place->frames[k];

			if (!frame->line || !frame->function || strcmp(frame->function, first->function) || frame->line == last)
				continue;
			if (!frame->file || !first->file || strcmp(frame->file, first->file))
				continue; /* of a header's line, as far as it is told */
			if (frame->line < last) {
				before = frame->line > before ? frame->line : before;
				continue;
			}
			before = last;
			last = frame->line;
			missing = (struct missing_release *)missing_of(w, place, frame);
		}
	}
	if (missing && before + 1 == last)
		missing->line = before;
	return missing;
}

/* The first function of the thread that made a block: an address in it. Others of its file may be inlined there, and it may be
 * inlined into the C++ library's. */
static const struct frame *first_of_thread(struct work *w, uint32_t node, uint64_t *at)
{
	const struct model *m = w->model;
	const struct frame *first = NULL;

	for (unsigned k = 0; node && m->nodes[node].parent && k < NODES_MAX; node = m->nodes[node].parent, k++) {
		const struct node *n = &m->nodes[node];
		const struct frame *own;

		if (n->scope || !n->module || m->modules[n->module].kind == MODULE_SHIM || own_is_library_module(&m->modules[n->module]) ||
		    !(own = outermost(code_place(w->code, n->pc - 1))))
			continue;
		first = own;
		*at = n->pc - 1;
	}
	return first;
}

#define LINES_NEAR 1u

static const struct missing_release *who_ended(struct work *w, const struct leak *leak, const struct siblings *siblings)
{
	const struct missing_release *was = leak->explanation->missing, *end;
	uint64_t at = 0, call;
	const struct frame *own = first_of_thread(w, leak->node, &at);
	const struct function *f = own ? code_function(w->code, at) : NULL;

	if (!f)
		return NULL;
	if ((call = find_exit(w, f, siblings->count ? DEPTH_MOST : 0)))
		return missing_at(w, call);
	end = end_of(w, at, own);
	if (end && was->function && was->line + LINES_NEAR >= end->line && !strcmp(was->function, own->function))
		return NULL; /* that is known to the line */
	return end;
}

void thread_end_explain(struct work *w, struct leak *leak, const struct siblings *siblings)
{
	const struct explanation *was = leak->explanation;
	const struct missing_release *missing = NULL;
	struct explanation *e;

	if (leak->cause == CAUSE_THREAD_EXIT && was && was->missing && was->confidence == CONFIDENCE_GUESS)
		missing = who_ended(w, leak, siblings);
	if (!missing || !missing->function)
		return;
	e = pool_take(&w->model->pool, sizeof(*e));
	*e = *was;
	e->missing = missing;
	evidence_advice(w, leak, e);
	leak->explanation = e;
}
