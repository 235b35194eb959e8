/* SPDX-License-Identifier: MIT */
/*
 * Which registers may still be read where code goes on: what another one holds is nobody's any more, however long it takes until
 * something is put there. See walk_private.h.
 */
#include <stdlib.h>
#include <string.h>

#include "walk_private.h"

#define FUNCTION_MAX 20000u /* instructions */
#define ALL 0xffffu
#define KEPT ((uint16_t)~CALLER_SAVED)
#define PASSED (ARGUMENT_REGISTERS | 1u)
#define NOWHERE UINT32_MAX
#define ROUNDS_MAX 64u

struct place_in_code {
	uint64_t address;
	uint32_t next, other; /* numbers of places; NOWHERE */
	uint16_t reads, writes, alive, beyond; /* beyond: what lies outside the function may read */
};

struct alive {
	uint64_t start;
	struct place_in_code *places;
	uint32_t count; /* 0: not known */
	UT_hash_handle hh;
};

static int by_address(const void *address, const void *place)
{
	uint64_t a = *(const uint64_t *)address, b = ((const struct place_in_code *)place)->address;

	return a < b ? -1 : a > b;
}

static uint32_t find(const struct alive *a, uint64_t address)
{
	const struct place_in_code *p = a->count ? bsearch(&address, a->places, a->count, sizeof(*p), by_address) : NULL;

	return p ? (uint32_t)(p - a->places) : NOWHERE;
}

/* Registers that have nothing of what they held. */
static uint16_t writes_whole(const struct insn *i)
{
	if (i->op == OP_CMOV || i->op == OP_SET)
		return 0;
	if (i->to.kind == OPERAND_REG && i->to.reg < 16 && i->to.width < 4)
		return i->writes & (uint16_t)~(1u << i->to.reg);
	return i->writes;
}

static uint16_t reads_by_call(struct walk *w, const struct function *f, const struct insn *i, bool *returns)
{
	struct target t;
	bool is_end;

	target_find(w, NULL, i, &t);
	*returns = t.effect != EFFECT_STOP && t.effect != EFFECT_THROW && t.effect != EFFECT_JUMP && t.effect != EFFECT_THREAD_ENDS;
	is_end = f->is_part && !*returns && !(t.name && !strcmp(t.name, "_Unwind_Resume"));
	return i->reads | PASSED | (t.effect == EFFECT_JUMP || is_end ? ALL : 0);
}

static uint16_t alive_at(struct walk *w, uint64_t address);

/* Ways that are seldom gone lie in a part of their own, those of exceptions above all. What goes back from there is not known, and
 * where one ends the program, or throws, nothing was lost before. */
static uint16_t read_elsewhere(struct walk *w, const struct function *from, uint64_t address)
{
	const struct function *to = code_function(w->code, address);

	return to && to->is_part && !from->is_part ? alive_at(w, address) : ALL;
}

static void follow_call(struct walk *w, const struct function *f, struct alive *a, struct place_in_code *p, const struct insn *i)
{
	uint64_t pad = 0;
	bool returns;

	p->reads = reads_by_call(w, f, i, &returns);
	p->writes = CALLER_SAVED;
	if (!returns)
		p->next = NOWHERE;
	if (code_landing(w->code, p->address, &pad) == LANDING_PAD) {
		p->other = find(a, pad);
		if (p->other == NOWHERE)
			p->beyond = read_elsewhere(w, f, pad);
	}
}

static void link_places(struct walk *w, const struct function *f, struct alive *a)
{
	for (uint32_t k = 0; k < a->count; k++) {
		struct place_in_code *p = &a->places[k];
		struct insn i;

		if (decode(w->code, p->address, &i))
			continue;
		p->next = find(a, i.next);
		p->other = NOWHERE;
		p->reads = i.reads;
		p->writes = writes_whole(&i);
		if (i.op == OP_CALL) {
			follow_call(w, f, a, p, &i);
		} else if (i.op == OP_BRANCH || (i.op == OP_JUMP && i.to.kind == OPERAND_IMM)) {
			p->other = find(a, (uint64_t)i.to.value);
			if (i.op == OP_JUMP)
				p->next = NOWHERE;
			if (p->other == NOWHERE) {
				const struct function *to = code_function(w->code, (uint64_t)i.to.value);

				p->beyond = i.op == OP_JUMP && to && to != f && !to->is_part && !f->is_part
						    ? PASSED | KEPT : read_elsewhere(w, f, (uint64_t)i.to.value);
			}
		} else if (i.op == OP_JUMP) {
			p->beyond = ALL;
			p->next = NOWHERE;
		} else if (i.op == OP_RETURN) {
			p->beyond = KEPT | 1u << REG_RAX | 1u << REG_RDX;
			p->next = NOWHERE;
		} else if (i.op == OP_STOP) {
			p->beyond = f->is_part ? ALL : 0;
			p->next = NOWHERE;
		} else if (i.op == OP_SYSTEM) {
			p->reads = ALL;
		}
	}
}

static void spread(struct alive *a)
{
	bool changed = true;

	for (unsigned rounds = 0; changed; rounds++) {
		changed = false;
		for (uint32_t k = a->count; k-- > 0;) {
			struct place_in_code *p = &a->places[k];
			uint16_t after = p->beyond, alive;

			after |= p->next == NOWHERE ? 0 : a->places[p->next].alive;
			after |= p->other == NOWHERE ? 0 : a->places[p->other].alive;
			alive = (uint16_t)(p->reads | (after & ~p->writes));
			changed |= alive != p->alive;
			p->alive = rounds < ROUNDS_MAX ? alive : ALL;
		}
	}
}

static struct alive *look(struct walk *w, const struct function *f)
{
	struct alive *a = pool_take(&w->model->pool, sizeof(*a));
	uint32_t most = 0;
	struct insn i;

	a->start = f->start;
	HASH_ADD(hh, w->private->alive, start, sizeof(a->start), a);
	if (summary_of(w, f->start)->sets_jump)
		return a;
	for (uint64_t at = f->start; at < f->end && most <= FUNCTION_MAX; at = i.next, most++)
		if (decode(w->code, at, &i))
			i.next = at + 1;
	if (most > FUNCTION_MAX)
		return a;
	a->places = pool_array(&w->model->pool, most + 1u, sizeof(*a->places));
	for (uint64_t at = f->start; at < f->end; at = i.next) {
		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		a->places[a->count++].address = at;
	}
	link_places(w, f, a);
	spread(a);
	w->instructions += most / 2;
	return a;
}

static uint16_t alive_at(struct walk *w, uint64_t address)
{
	const struct function *f = code_function(w->code, address);
	struct alive *a = NULL;
	uint32_t k;

	if (!f)
		return ALL;
	HASH_FIND(hh, w->private->alive, &f->start, sizeof(f->start), a);
	if (!a)
		a = look(w, f);
	k = find(a, address);
	return k == NOWHERE ? ALL : a->places[k].alive | 1u << REG_RSP;
}

uint16_t alive_shed(struct walk *w, struct state *s)
{
	uint16_t alive = alive_at(w, s->pc), held = 0;

	for (unsigned r = 0; r < 16; r++) {
		if (alive & 1u << r)
			continue;
		if (state_leads_to_block(w->flow, s, s->reg[r]))
			held |= (uint16_t)(1u << r);
		s->reg[r] = (struct value){ flow_symbol(w->flow, SYMBOL_RESULT, 0, 1000 + (int64_t)r), 0 };
	}
	return held;
}

void alive_drop(struct walk *w)
{
	HASH_CLEAR(hh, w->private->alive);
}
