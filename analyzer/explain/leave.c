/* SPDX-License-Identifier: MIT */
/* Out of functions: what a state of a callee means to its caller. See walk_private.h. */
#include <string.h>

#include "walk_private.h"

static const uint8_t kept_registers[6] = { REG_RBX, REG_RBP, 12, 13, 14, 15 };

/* A symbol of the frame that is left, in terms of the frame outside. */
static struct value outside(struct walk *w, struct value v, uint32_t frame, struct state *caller, unsigned depth)
{
	const struct symbol_key key = *flow_key(w->flow, v.symbol);
	struct value base;

	if (depth > 8)
		return v;
	switch ((enum symbol_kind)key.kind) {
	case SYMBOL_STACK:
		if (key.a != frame)
			return v;
		base = caller->reg[REG_RSP];
		base.offset += v.offset - 8;
		return base;
	case SYMBOL_ENTRY:
		if (key.a != frame)
			return v;
		base = key.b < 16 ? caller->reg[key.b] : caller->vector[(key.b - 16) / 2 % 16][key.b % 2];
		base.offset += v.offset;
		return base;
	case SYMBOL_LOADED:
		base = outside(w, (struct value){ (uint32_t)key.a, 0 }, frame, caller, depth + 1);
		if (base.symbol == key.a && !base.offset)
			return v;
		if (key.b < 0) /* an index is part of it */
			return v;
		base.offset += key.b / 16;
		base = state_load(w->flow, caller, base, (unsigned)(key.b % 16));
		base.offset += v.offset;
		return base;
	default:
		return v;
	}
}

int leave_to_caller(struct walk *w, struct state *s, bool is_void)
{
	uint32_t frame = s->frame;
	const struct state *before = state_before(w, frame + 1);
	struct state caller, old = *s;

	if (!before)
		return -1;
	caller = *before;
	for (unsigned r = 0; r < 16; r++)
		s->reg[r] = outside(w, old.reg[r], frame, &caller, 0);
	for (unsigned r = 0; r < 16; r++)
		for (unsigned k = 0; k < 2; k++)
			s->vector[r][k] = outside(w, old.vector[r][k], frame, &caller, 0);
	s->reg[REG_RSP] = before->reg[REG_RSP];
	s->cell_count = 0;
	for (unsigned i = 0; i < before->cell_count; i++)
		state_store(w->flow, s, before->cells[i].at, before->cells[i].width, before->cells[i].value);
	for (unsigned i = 0; i < old.cell_count; i++) {
		const struct cell *c = &old.cells[i];
		const struct symbol_key *key = flow_key(w->flow, c->at.symbol);

		if (key->kind == SYMBOL_STACK && key->a == frame)
			continue; /* its own variables are gone */
		state_store(w->flow, s, outside(w, c->at, frame, &caller, 0), c->width,
			    outside(w, c->value, frame, &caller, 0));
	}
	for (unsigned i = 0; i < s->fact_count; i++) {
		s->facts[i].left = outside(w, s->facts[i].left, frame, &caller, 0);
		s->facts[i].right = outside(w, s->facts[i].right, frame, &caller, 0);
		s->facts[i].depth = 0;
	}
	for (unsigned i = 0; i < s->gone_count; i++)
		s->gone[i] = outside(w, (struct value){ s->gone[i], 0 }, frame, &caller, 0).symbol;
	/* putting things down in other words is no event */
	s->cycle = old.cycle;
	s->raised = old.raised;
	s->has_counted = old.has_counted;
	s->kept_at = old.kept_at;
	s->kept_in = outside(w, old.kept_in, frame, &caller, 0);
	s->frame = frame + 1;
	s->pc = before->pc;
	state_clobber(w->flow, s, s->pc, (CALLER_SAVED & ~5u) | (is_void ? 1u : 0));
	return 0;
}

void leave_entered(struct walk *w, struct state *s, bool is_void)
{
	struct entered *e = &s->entered[--s->entered_count];
	const struct summary *sum = summary_of(w, e->function);
	struct value rax = s->reg[REG_RAX], rdx = s->reg[REG_RDX], xmm0 = s->vector[0][0];

	for (unsigned i = s->cell_count; i-- > 0;) /* its variables */
		if (s->cells[i].at.symbol == e->sp.symbol && s->cells[i].at.offset <= e->sp.offset)
			s->cells[i] = s->cells[--s->cell_count];
	for (unsigned i = s->fact_count; i-- > 0;)
		if (s->facts[i].depth > s->entered_count)
			s->facts[i] = s->facts[--s->fact_count];
	for (unsigned k = 0; k < 6; k++)
		s->reg[kept_registers[k]] = e->saved[k];
	state_clobber(w->flow, s, e->return_address - 1, sum->clobbers & CALLER_SAVED);
	if (!is_void) {
		s->reg[REG_RAX] = rax;
		s->reg[REG_RDX] = rdx;
		s->vector[0][0] = xmm0;
	}
	s->reg[REG_RSP] = e->sp;
	s->reg[REG_RSP].offset += 8;
	s->pc = e->return_address;
}

/* A value of a function's own frame, of which the return address lies at `sp`. */
static struct value rebase(const struct flow *f, struct value v, struct value sp)
{
	if (flow_key(f, v.symbol)->kind == SYMBOL_STACK)
		return (struct value){ sp.symbol, sp.offset + v.offset };
	return (struct value){ 0, 0 };
}

/* setjmp returns again in a frame that begins at `sp`: of its registers only those are known that lead into the frame. */
static bool arrive(struct walk *w, struct state *s, uint64_t at, struct value sp)
{
	const struct state *known = state_at_call(w, at, s->frame);
	uint64_t from = s->pc;

	if (!known)
		return false;
	for (unsigned r = 0; r < 16; r++) {
		struct value v = rebase(w->flow, known->reg[r], sp);

		s->reg[r] = v.symbol ? v : (struct value){ flow_symbol(w->flow, SYMBOL_RESULT, from, 60 + (int64_t)r), 0 };
	}
	s->pc = at;
	state_clobber(w->flow, s, from, CALLER_SAVED & ~1u);
	s->reg[REG_RAX] = value_number(1);
	s->was_jumped = from;
	return true;
}

/* Frames that lie below an address of the same symbol are gone, and all of other symbols up to that frame. */
static void forget_frames(struct walk *w, struct state *s, struct value lowest)
{
	for (unsigned i = s->cell_count; i-- > 0;) {
		const struct cell *c = &s->cells[i];

		if (flow_key(w->flow, c->at.symbol)->kind != SYMBOL_STACK)
			continue;
		if (c->at.symbol == lowest.symbol ? c->at.offset <= lowest.offset
						  : flow_key(w->flow, c->at.symbol)->a < flow_key(w->flow, lowest.symbol)->a)
			s->cells[i] = s->cells[--s->cell_count];
	}
}

static bool jump_to_entered(struct walk *w, struct state *s)
{
	for (unsigned k = s->entered_count; k-- > 0;) {
		const struct summary *sum = summary_of(w, s->entered[k].function);

		if (!sum->sets_jump)
			continue;
		if (k + 1u < s->entered_count)
			forget_frames(w, s, s->entered[k + 1].sp);
		s->entered_count = (uint8_t)(k + 1);
		return arrive(w, s, sum->jump_arrives, s->entered[k].sp);
	}
	return false;
}

static bool jump_to_caller(struct walk *w, struct state *s)
{
	for (unsigned frame = s->frame; frame < w->node_count; frame++) {
		const struct function *f = code_function(w->code, w->model->nodes[w->nodes[frame]].pc - 1);
		struct value sp = { 0, 0 };

		if (!f || !summary_of(w, f->start)->sets_jump)
			continue;
		while (s->frame < frame)
			if (leave_to_caller(w, s, true))
				return false;
		sp.symbol = flow_symbol(w->flow, SYMBOL_STACK, frame, 0);
		s->entered_count = 0;
		return arrive(w, s, summary_of(w, f->start)->jump_arrives, sp);
	}
	return false;
}

bool leave_by_jump(struct walk *w, struct state *s)
{
	uint64_t from = s->pc;
	bool arrived;

	if (s->entered_count && jump_to_entered(w, s))
		return true;
	for (unsigned k = 0; k < s->entered_count; k++)
		if (summary_of(w, s->entered[k].function)->sets_jump)
			return false;
	if (s->entered_count) {
		struct value lowest = s->entered[0].sp;

		forget_frames(w, s, lowest);
		s->entered_count = 0;
	}
	arrived = jump_to_caller(w, s);
	if (arrived)
		s->was_jumped = from;
	return arrived;
}

int leave_by_throw(struct walk *w, struct state *s)
{
	const struct state *before;

	if (s->entered_count) {
		leave_entered(w, s, true);
		return 0;
	}
	before = s->frame + 1 < w->node_count ? state_before(w, s->frame + 1) : NULL;
	if (!before || leave_to_caller(w, s, true))
		return -1;
	for (unsigned k = 0; k < 6; k++) /* the unwinder puts back what the function would have */
		s->reg[kept_registers[k]] = before->reg[kept_registers[k]];
	state_clobber(w->flow, s, s->pc, CALLER_SAVED);
	return 0;
}
