/* SPDX-License-Identifier: MIT */
/*
 * Where a call of a library left what it made: it may have returned it, or have put it where one of its arguments points. What
 * the code does with the result afterwards tells whether that can be a pointer.
 */
#include <string.h>

#include "explain_private.h"
#include "walk_private.h"

#define LOOK_MOST 48u /* instructions after the call */
#define DELIVERIES 3u

/* Where it may be. */
struct delivery {
	bool is_result;
	struct value at[DELIVERIES];
	unsigned count;
};

/* How much of a register an operand reads; 0: nothing. */
static unsigned reads_of(const struct operand *o, unsigned reg)
{
	if (o->kind == OPERAND_MEM && (o->base == reg || o->index == reg))
		return 8;
	return o->kind == OPERAND_REG && o->reg == reg ? o->width : 0;
}

/* cltq, cwtl: what they widen is a number. */
static bool is_widening(struct walk *w, const struct insn *i)
{
	uint64_t most;
	const unsigned char *b = code_bytes(w->code, i->address, &most);

	return b && most >= 2 && (b[0] == 0x98 || (b[0] == 0x48 && b[1] == 0x98));
}

/* Bytes of the result that an instruction looks at; 0: none. */
static unsigned looked_at(struct walk *w, const struct insn *i)
{
	unsigned from = reads_of(&i->from, REG_RAX), to = 0;

	if (!(i->reads & 1u << REG_RAX))
		return 0;
	if (is_widening(w, i))
		return 4;
	if (i->op != OP_MOVE && i->op != OP_LEA)
		to = reads_of(&i->to, REG_RAX);
	else if (i->to.kind == OPERAND_MEM)
		to = i->to.base == REG_RAX || i->to.index == REG_RAX ? 8 : 0;
	if (i->op == OP_MOVE && i->to.kind == OPERAND_REG && i->to.width > i->from.width && from)
		return from; /* a number that is extended */
	return from > to ? from : to ? to : 8;
}

/* Is the result of a call looked at as a pointer, on some way on from there? */
static bool is_pointer_wanted(struct walk *w, uint64_t at, unsigned *left)
{
	const struct function *f = code_function(w->code, at);
	struct insn i;

	for (; *left && !decode(w->code, at, &i); at = i.next) {
		unsigned width = looked_at(w, &i);

		--*left;
		if (width && i.op != OP_CALL)
			return width == 8;
		if (i.op == OP_CALL || i.op == OP_STOP || i.writes & 1u << REG_RAX)
			return false;
		if (i.op == OP_RETURN)
			return !f || !code_is_void(w->code, f);
		if (i.op == OP_BRANCH && is_pointer_wanted(w, (uint64_t)i.to.value, left))
			return true;
		if (i.op == OP_JUMP && i.to.kind != OPERAND_IMM)
			return true;
		if (i.op == OP_JUMP)
			i.next = (uint64_t)i.to.value;
	}
	return true;
}

static void add(struct delivery *d, struct value at)
{
	for (unsigned k = 0; k < d->count; k++)
		if (value_is(d->at[k], at))
			return;
	if (d->count < DELIVERIES)
		d->at[d->count++] = at;
}

/* A variable's address, or that of a member. */
static bool is_place(const struct walk *w, struct value v)
{
	enum symbol_kind kind = (enum symbol_kind)flow_key(w->flow, v.symbol)->kind;

	return kind == SYMBOL_STACK || (v.symbol && v.offset > 0 && kind != SYMBOL_JOINED);
}

/* Its caller's caller may have passed the address of a variable on. */
static bool is_parameter(const struct walk *w, struct value v)
{
	return flow_key(w->flow, v.symbol)->kind == SYMBOL_ENTRY && !v.offset;
}

static void find(struct walk *w, struct delivery *d)
{
	const struct state *before;
	unsigned left = LOOK_MOST;

	memset(d, 0, sizeof(*d));
	if (!w->made_by || calls_delivery(w->made_by) || calls_effect(w->made_by) != EFFECT_BORROW)
		return;
	before = state_before(w, 0);
	if (!before)
		return;
	d->is_result = is_pointer_wanted(w, w->model->nodes[w->nodes[0]].pc, &left);
	for (unsigned k = 6; k-- > 0;)
		if (is_place(w, before->reg[walk_arguments[k]]))
			add(d, before->reg[walk_arguments[k]]);
	for (unsigned k = 6; k-- > 1 && !d->count && !d->is_result;)
		if (is_parameter(w, before->reg[walk_arguments[k]]))
			add(d, before->reg[walk_arguments[k]]);
}

static bool is_release_of(const struct model *m, const char *name, uint32_t type)
{
	for (uint32_t i = 1; name && i < m->probe_count; i++)
		if (m->probes[i].type == type && (m->probes[i].verb == VERB_RELEASE || m->probes[i].verb == VERB_FINAL) &&
		    !strcmp(m->probes[i].symbol, name))
			return true;
	return false;
}

/* Is it released on some way as things of its kind are? What lets go another kind speaks against it. */
static bool is_fitting(struct walk *w, const struct leak *leak)
{
	for (uint32_t i = 1; i < w->step_count; i++) {
		struct target t;
		struct insn call;

		if (w->steps[i].outcome != OUTCOME_FREED)
			continue;
		if (!leak->resource)
			return true;
		if (decode(w->code, w->steps[i].end, &call))
			continue;
		target_find(w, NULL, &call, &t);
		if (t.effect == EFFECT_CLEAR || is_release_of(w->model, t.name, w->model->resources[leak->resource - 1].type))
			return true;
	}
	return false;
}

/* Of two the better one stays. */
static void keep_if(struct walk *best, struct walk *now, bool is_better)
{
	if (is_better) {
		walk_drop(best);
		*best = *now;
	} else {
		walk_drop(now);
	}
}

/* What it left there goes with what it returned: with nothing, or with something. Where ways release it after one of both only, it
 * is not there after the other one. */
static void narrow_result(const struct leak *leak, struct walk *best, const struct walk *walk_of, unsigned parts)
{
	struct walk with[2];
	bool fits[2];

	for (unsigned k = 0; k < 2; k++) {
		with[k] = *walk_of;
		with[k].most_instructions /= parts;
		with[k].left_at = best->left_at;
		with[k].result = k ? RESULT_SOME : RESULT_NONE;
		fits[k] = !walk(&with[k]) && is_fitting(&with[k], leak);
	}
	for (unsigned k = 0; k < 2; k++)
		keep_if(best, &with[k], fits[k] && !fits[!k]);
}

int delivery_walk(const struct leak *leak, struct walk *walk_of)
{
	struct walk probe = *walk_of, best = *walk_of;
	const struct walk asked = *walk_of;
	unsigned all, fitting = 0;
	struct delivery d;

	walk_prepare(&probe);
	find(&probe, &d);
	walk_drop(&probe);
	all = d.count + d.is_result;
	if (!d.count && calls_delivery(walk_of->made_by)) {
		if (walk(walk_of))
			return -1;
		narrow_result(leak, walk_of, &asked, 1);
		return 0;
	}
	if (!d.count)
		return walk(walk_of);
	for (unsigned k = 0; k < all; k++) {
		struct walk now = *walk_of;
		bool fits;

		now.most_instructions /= all;
		now.left_at = k < d.is_result ? NULL : &d.at[k - d.is_result];
		if (walk(&now)) {
			walk_drop(&now);
			continue;
		}
		fits = is_fitting(&now, leak);
		fitting += fits;
		keep_if(&best, &now, !best.steps || (fits && fitting == 1));
	}
	if (fitting == 1 && best.left_at && !d.is_result)
		narrow_result(leak, &best, walk_of, all);
	*walk_of = best;
	walk_of->left_at = NULL;
	walk_of->is_delivery_open = all > 1 && fitting != 1;
	return best.steps ? 0 : walk(walk_of);
}
