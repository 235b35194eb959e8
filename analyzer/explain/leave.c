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

static void forget_registers(struct walk *w, struct state *s)
{
	for (unsigned r = 0; r < 16; r++)
		if (r != REG_RSP)
			s->reg[r] = (struct value){ flow_symbol(w->flow, SYMBOL_RESULT, s->pc, 60 + (int64_t)r), 0 };
	state_clobber(w->flow, s, s->pc, 0);
}

bool leave_by_jump(struct walk *w, struct state *s)
{
	for (unsigned k = s->entered_count; k-- > 0;) {
		if (!summary_of(w, s->entered[k].function)->sets_jump)
			continue;
		for (unsigned i = s->cell_count; i-- > 0 && k + 1u < s->entered_count;)
			if (s->cells[i].at.symbol == s->entered[k + 1].sp.symbol &&
			    s->cells[i].at.offset <= s->entered[k + 1].sp.offset)
				s->cells[i] = s->cells[--s->cell_count];
		forget_registers(w, s);
		return true;
	}
	for (unsigned frame = s->frame; frame < w->node_count; frame++) {
		const struct function *f = code_function(w->code, w->model->nodes[w->nodes[frame]].pc - 1);

		if (!f || !summary_of(w, f->start)->sets_jump)
			continue;
		for (unsigned i = s->cell_count; i-- > 0;)
			if (frame > s->frame && flow_key(w->flow, s->cells[i].at.symbol)->kind == SYMBOL_STACK)
				s->cells[i] = s->cells[--s->cell_count];
		forget_registers(w, s);
		return true;
	}
	return false;
}
