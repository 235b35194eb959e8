/* SPDX-License-Identifier: MIT */
/* What held a block was released, and the block was not: where that was. */
#include <stdlib.h>
#include <string.h>

#include "calls_named.h"
#include "explain_private.h"

#define NODES_MAX 256u
#define BELOW_MOST 3u /* calls that a function leaves the release to */
#define FUNCTION_MAX 4000u

/* Was a site's block made by this call, or by what this call calls? */
static bool is_made_by(struct work *w, uint32_t node, uint64_t return_address, bool is_inner)
{
	uint32_t nodes[4];
	unsigned count = explain_nodes(w, node, nodes, 4);

	for (unsigned k = is_inner ? 1 : 0; k < count && k < (is_inner ? 3u : 1u); k++)
		if (w->model->nodes[nodes[k]].pc == return_address)
			return true;
	return false;
}

/* Does the function that releases the holder release siblings of the block as well? */
static bool releases_both(struct work *w, uint32_t node, const struct siblings *siblings)
{
	uint32_t here, there[NODES_MAX];
	const struct function *a, *b;

	if (!explain_nodes(w, node, &here, 1))
		return false;
	a = code_function(w->code, w->model->nodes[here].pc - 1);
	for (unsigned i = 0; i < siblings->count; i++) {
		unsigned count = explain_nodes(w, siblings->releases[i].node, there, NODES_MAX);

		for (unsigned k = 0; k < count && k < BELOW_MOST; k++) {
			b = code_function(w->code, w->model->nodes[there[k]].pc - 1);
			if (a && b && a->start == b->start)
				return true;
		}
	}
	return false;
}

/* The most frequent place at which blocks of the holder's site are released; 0: none was seen. */
static const struct release *release_of_holder(struct work *w, uint64_t return_address, bool is_inner,
					       const struct siblings *siblings)
{
	const struct model *m = w->model;
	const struct release *best = NULL;

	for (uint32_t i = 0; i < m->release_count; i++)
		if (m->releases[i].node && !releases_both(w, m->releases[i].node, siblings) &&
		    is_made_by(w, m->sites[m->releases[i].site].node, return_address, is_inner) &&
		    (!best || m->releases[i].count > best->count))
			best = &m->releases[i];
	return best;
}

static bool is_destructor(const char *name)
{
	return name && strstr(name, "::~");
}

/* Before C++ releases an object, it calls its destructor, which may be inlined: the last one before an address. *at:
 * an address in it. */
static bool destructor_before(struct work *w, uint64_t release, uint64_t *at)
{
	const struct function *f = code_function(w->code, release);
	bool found = false;
	struct insn i;

	for (uint64_t pc = f ? f->start : release; pc < release; pc = i.next) {
		const struct place *place = code_place(w->code, pc);
		const struct function *callee;

		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		if (is_destructor(place->frames[0].function) && place->frames[0].is_inlined) {
			*at = pc;
			found = true;
		}
		if (i.op != OP_CALL || i.to.kind != OPERAND_IMM)
			continue;
		callee = code_function(w->code, (uint64_t)i.to.value);
		if (!callee || callee->is_system || !is_destructor(callee->name))
			continue;
		*at = callee->end - 1;
		found = true;
	}
	return found;
}

/* The last instruction of a function that belongs to a line. */
static uint64_t last_return(struct work *w, uint64_t inside)
{
	const struct function *f = code_function(w->code, inside);
	uint64_t last = inside;
	struct insn i;

	for (uint64_t pc = f ? f->start : inside; f && pc < f->end; pc = i.next) {
		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		if (i.op == OP_RETURN)
			last = pc;
	}
	return last;
}

/* A function whose last call is a jump has no frame any more: the call before an address leads there. *at: that jump. */
static bool left_by_jump(struct work *w, uint64_t *at)
{
	const struct function *caller = code_function(w->code, *at), *f = NULL;
	struct insn i;

	for (uint64_t pc = caller ? caller->start : 0; caller && pc <= *at; pc = i.next)
		if (decode(w->code, pc, &i))
			i.next = pc + 1;
		else if (i.next == *at + 1 && i.op == OP_CALL && i.to.kind == OPERAND_IMM && !code_stub(w->code, (uint64_t)i.to.value))
			f = code_function(w->code, (uint64_t)i.to.value);
	if (!f || f->is_system || code_is_of_library(w->code, f->start))
		return false;
	for (uint64_t pc = f->start; pc < f->end; pc = i.next) {
		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		if (i.op != OP_JUMP || i.to.kind != OPERAND_IMM ||
		    calls_named(w->model, code_stub(w->code, (uint64_t)i.to.value), true) != EFFECT_FREE)
			continue;
		*at = pc;
		return true;
	}
	return false;
}

/* Has the function around an address lines? Then code of it without one belongs to none. */
static bool is_told_lines(struct work *w, uint64_t at)
{
	const struct function *f = code_function(w->code, at);

	return f && code_place(w->code, f->start)->frames[0].line;
}

static const struct frame *frame_of_program(const struct place *place)
{
	for (unsigned k = 0; k < place->count; k++)
		if (!place_is_of_headers(&place->frames[k]))
			return &place->frames[k];
	return NULL;
}

const struct missing_release *owner_place(struct work *w, uint32_t node, bool is_object, enum confidence *confidence)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));
	uint32_t nodes[NODES_MAX];
	unsigned count = explain_nodes(w, node, nodes, NODES_MAX), k = 0;
	const struct place *place = NULL;
	const struct frame *frame = NULL;
	uint64_t at;

	for (; k < count && !frame; k++) {
		at = w->model->nodes[nodes[k]].pc - 1;
		if (!k)
			left_by_jump(w, &at);
		if (!k && destructor_before(w, at, &at) && is_destructor(code_place(w->code, at)->frames[0].function) &&
		    !code_place(w->code, at)->frames[0].is_inlined)
			at = last_return(w, at);
		place = code_place(w->code, at);
		frame = frame_of_program(place);
	}
	if (!frame)
		return NULL;
	*missing = (struct missing_release){ .function = frame->function, .file = frame->file, .line = frame->line,
					     .last_line = frame->line, .offset = place->offset,
					     .module = place->module ? place->module->path : NULL };
	*confidence = k > 1 || (!frame->line && is_told_lines(w, at)) || place->count > 1 || (is_object && !is_destructor(frame->function)) ? CONFIDENCE_GUESS
												   : CONFIDENCE_LIKELY;
	return missing;
}

bool owner_explain(struct work *w, struct leak *leak, const struct walk *walk, const struct siblings *siblings)
{
	struct pool *p = &w->model->pool;
	struct missing_release *missing;
	struct explanation *e;
	const struct release *r;
	const struct place *place;
	const struct frame *frame;
	uint32_t nodes[NODES_MAX];
	uint64_t call, at;
	int64_t offset = 0;
	bool is_inner = false;

	call = origin_of_holder(walk, &is_inner, &offset);
	r = call ? release_of_holder(w, call, is_inner, siblings) : NULL;
	if (!r || !explain_nodes(w, r->node, nodes, NODES_MAX))
		return false;
	at = w->model->nodes[nodes[0]].pc - 1;
	if (destructor_before(w, at, &at) && is_destructor(code_place(w->code, at)->frames[0].function) &&
	    !code_place(w->code, at)->frames[0].is_inlined)
		at = last_return(w, at);
	place = code_place(w->code, at);
	frame = &place->frames[0];
	e = pool_take(p, sizeof(*e));
	missing = pool_take(p, sizeof(*missing));
	*missing = (struct missing_release){ .function = frame->function, .file = frame->file, .line = frame->line,
					     .last_line = frame->line, .offset = place->offset,
					     .module = place->module ? place->module->path : NULL };
	e->missing = missing;
	e->confidence = place->count > 1 || (leak->family >= FAMILY_NEW && !is_destructor(frame->function))
				? CONFIDENCE_GUESS : CONFIDENCE_LIKELY;
	leak->cause = CAUSE_OWNER_FREED;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, pool_print(p, "what held it was made in %s and released there",
				     code_place(w->code, call - 1)->frames[0].function
					     ? code_place(w->code, call - 1)->frames[0].function : "?"));
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
