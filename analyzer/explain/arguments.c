/* SPDX-License-Identifier: MIT */
/* Which argument registers a function reads: see walk_private.h. */
#include <stdlib.h>

#include "walk_private.h"

#define INSTRUCTIONS_MAX 4000u
#define ENDS_MAX 256u
#define DEPTH_MAX 4u

/* Where ways meet: what was written on all of those that were followed from there. */
struct meeting {
	uint64_t address;
	uint16_t written;
};

struct look {
	struct walk *w;
	const struct function *function;
	struct meeting meetings[ENDS_MAX], todo[ENDS_MAX];
	unsigned meeting_count, todo_count, instructions;
	uint16_t read;
	bool met_open; /* one that is being looked at calls itself by way of others */
};

static unsigned depth;

static uint16_t read_by(struct walk *w, uint64_t function, bool *met_open);

/* What a call reads of what was not written before. */
static uint16_t read_by_call(struct look *l, const struct insn *i)
{
	struct target t;
	uint16_t read = 0;

	target_find(l->w, NULL, i, &t);
	if (t.name)
		return t.effect == EFFECT_FREE ? 1u << REG_RDI : ARGUMENT_REGISTERS;
	for (unsigned k = 0; k < t.count; k++)
		read |= read_by(l->w, t.addresses[k], &l->met_open);
	return t.count && i->to.kind == OPERAND_IMM ? read : ARGUMENT_REGISTERS;
}

/* A way goes on at an address. Returns whether it is worth following: fewer were written than on those before. */
static bool is_new(struct look *l, uint64_t address, uint16_t written)
{
	for (unsigned k = 0; k < l->meeting_count; k++) {
		struct meeting *m = &l->meetings[k];

		if (m->address != address)
			continue;
		if ((m->written & written) == m->written)
			return false;
		m->written &= written;
		return true;
	}
	if (l->meeting_count < ENDS_MAX)
		l->meetings[l->meeting_count++] = (struct meeting){ address, written };
	else
		l->read = ARGUMENT_REGISTERS;
	return true;
}

static void go_on(struct look *l, uint64_t address, uint16_t written)
{
	if ((written & ARGUMENT_REGISTERS) == ARGUMENT_REGISTERS || !is_new(l, address, written))
		return;
	if (l->todo_count < ENDS_MAX)
		l->todo[l->todo_count++] = (struct meeting){ address, written };
	else
		l->read = ARGUMENT_REGISTERS;
}

/* From one meeting to the next. */
static void follow(struct look *l, uint64_t pc, uint16_t written)
{
	const struct function *f = l->function;
	struct insn i;

	while (l->read != ARGUMENT_REGISTERS && (written & ARGUMENT_REGISTERS) != ARGUMENT_REGISTERS) {
		bool is_inside = pc >= f->start && pc < f->end;

		if (!is_inside || l->instructions++ > INSTRUCTIONS_MAX || decode(l->w->code, pc, &i)) {
			l->read = ARGUMENT_REGISTERS;
			return;
		}
		l->read |= i.reads & ARGUMENT_REGISTERS & ~written;
		is_inside = i.to.kind == OPERAND_IMM && (uint64_t)i.to.value >= f->start && (uint64_t)i.to.value < f->end;
		if (i.op == OP_CALL || (i.op == OP_JUMP && !is_inside))
			l->read |= read_by_call(l, &i) & ~written;
		if (i.op == OP_BRANCH && !is_inside)
			l->read = ARGUMENT_REGISTERS;
		if ((i.op == OP_BRANCH || i.op == OP_JUMP) && is_inside)
			go_on(l, (uint64_t)i.to.value, written);
		if (i.op == OP_JUMP || i.op == OP_RETURN || i.op == OP_STOP)
			return;
		if (i.op == OP_BRANCH) {
			go_on(l, i.next, written);
			return;
		}
		written |= i.op == OP_CALL ? CALLER_SAVED : i.writes;
		pc = i.next;
	}
}

static uint16_t read_by(struct walk *w, uint64_t function, bool *met_open)
{
	struct summary *sum = (struct summary *)summary_of(w, function);
	struct look *l;

	if (sum->has_arguments)
		return sum->arguments;
	if (sum->is_asked) {
		*met_open = true;
		return 0;
	}
	l = pool_regrow(NULL, 1, sizeof(*l));
	*l = (struct look){ .w = w, .function = code_function(w->code, function) };
	sum->is_asked = true;
	depth++;
	if (!l->function || l->function->is_system || depth > DEPTH_MAX)
		l->read = ARGUMENT_REGISTERS;
	else
		go_on(l, function, 0);
	while (l->todo_count && l->read != ARGUMENT_REGISTERS) {
		struct meeting m = l->todo[--l->todo_count];

		follow(l, m.address, m.written);
	}
	depth--;
	sum->is_asked = false;
	sum->arguments = l->read & ARGUMENT_REGISTERS;
	sum->has_arguments = !depth || (!l->met_open && depth < DEPTH_MAX);
	*met_open |= l->met_open;
	w->instructions += l->instructions / 4;
	free(l);
	return sum->arguments;
}

uint16_t arguments_of(struct walk *w, uint64_t function)
{
	bool met_open = false;

	return read_by(w, function, &met_open);
}
