/* SPDX-License-Identifier: MIT */
/*
 * Where others look at a block anew: what siblings show that were released elsewhere than on the ways out of where they
 * were made, in another thread or through a container.
 */
#include <stdlib.h>
#include <string.h>

#include "explain_private.h"
#include "walk_private.h"

#define HOPS_MAX 24u

/* The same symbol, of a function that is frame number 0 now. */
static uint32_t renumber(struct flow *f, uint32_t symbol, unsigned frame, unsigned depth)
{
	const struct symbol_key key = *flow_key(f, symbol);

	if (key.kind == SYMBOL_ENTRY && key.a == frame)
		return flow_symbol(f, SYMBOL_ENTRY, 0, key.b);
	if (key.kind == SYMBOL_LOADED && depth < 6)
		return flow_symbol(f, SYMBOL_LOADED, renumber(f, (uint32_t)key.a, frame, depth + 1), key.b);
	return symbol;
}

/* One step back from a value towards where it came from. 1: found, 0: go on, -1: not known. */
static int trace_back(struct walk *probe, struct value *v, unsigned *frame, struct origin *o)
{
	const struct symbol_key key = *flow_key(probe->flow, v->symbol);
	const struct state *before;
	struct insn i;

	switch ((enum symbol_kind)key.kind) {
	case SYMBOL_LOADED:
		if (key.b < 0)
			return -1;
		if (!key.a) {
			o->frame = *frame;
			o->is_held = true;
			o->held_at = (struct value){ renumber(probe->flow, (uint32_t)key.a, *frame, 0), key.b / 16 };
			return 1;
		}
		*v = (struct value){ (uint32_t)key.a, 0 }; /* what it was a part of */
		return 0;
	case SYMBOL_ENTRY:
		if (key.a != *frame || key.b >= 16 || !(before = state_before(probe, *frame + 1)))
			return -1;
		*v = before->reg[key.b];
		++*frame;
		return 0;
	case SYMBOL_MADE:
		o->frame = *frame;
		o->after_call = key.a;
		return 1;
	case SYMBOL_RESULT:
		if (key.b != REG_RAX || decode(probe->code, key.a, &i) || i.op != OP_CALL)
			return -1;
		o->frame = *frame;
		o->after_call = i.next;
		return 1;
	default:
		return -1;
	}
}

bool origin_find(struct work *w, struct flow *f, const uint32_t *nodes, unsigned count, struct origin *o)
{
	struct walk probe = { .code = w->code, .model = w->model, .flow = f, .nodes = nodes, .node_count = count };
	const struct state *before;
	struct value v;
	unsigned frame = 0;
	int found = 0;

	memset(o, 0, sizeof(*o));
	walk_prepare(&probe);
	before = count ? state_before(&probe, 0) : NULL;
	if (before) {
		v = before->reg[REG_RDI];
		for (unsigned k = 0; k < HOPS_MAX && !found; k++)
			found = trace_back(&probe, &v, &frame, o);
	}
	walk_drop(&probe);
	return found == 1;
}

/* Return address of the call that made what a place lies in, or what that was found in; 0. */
static uint64_t made_by_call(const struct walk *w, uint32_t symbol, bool *is_inner)
{
	for (unsigned k = 0; k < HOPS_MAX; k++) {
		const struct symbol_key *key = flow_key(w->flow, symbol);
		struct insn call;

		if (key->kind == SYMBOL_MADE)
			return key->a;
		*is_inner = true;
		if (key->kind == SYMBOL_RESULT && key->b == REG_RAX && !decode(w->code, key->a, &call) && call.op == OP_CALL)
			return call.next;
		if (key->kind != SYMBOL_LOADED)
			return 0;
		symbol = (uint32_t)key->a;
	}
	return 0;
}

static uint64_t origin_in_state(const struct walk *w, const struct state *s, bool *is_inner, int64_t *offset)
{
	for (unsigned k = 0; s && k < s->cell_count; k++) {
		uint64_t call;

		if (s->cells[k].value.symbol != FLOW_BLOCK)
			continue;
		*offset = s->cells[k].at.offset;
		*is_inner = false;
		call = made_by_call(w, s->cells[k].at.symbol, is_inner);
		if (call)
			return call;
	}
	return 0;
}

/* Return address of the call that made what holds the block at the end of some way; 0: not known. */
uint64_t origin_of_holder(const struct walk *w, bool *is_inner, int64_t *offset)
{
	for (uint32_t i = 1; i < w->step_count; i++) {
		uint64_t call = origin_in_state(w, w->steps[i].state, is_inner, offset);

		if (call)
			return call;
	}
	return origin_in_state(w, w->kept, is_inner, offset);
}
