/* SPDX-License-Identifier: MIT */
/* What one instruction does to a state: see flow.h. */
#include <string.h>

#include "flow.h"

#define FAR 4096 /* a pointer that moved so far from where it began is walking */

static struct value unknown_of(struct flow *f, struct state *s, const struct insn *i, int64_t place)
{
	uint32_t symbol = flow_symbol(f, SYMBOL_RESULT, i->address, place);

	state_renew(f, s, symbol);
	return (struct value){ symbol, 0 };
}
#define unknown(f, i, place) unknown_of(f, s, i, place)

static bool is_pointer(const struct flow *f, struct value v)
{
	enum symbol_kind kind = (enum symbol_kind)flow_key(f, v.symbol)->kind;

	return kind == SYMBOL_BLOCK || kind == SYMBOL_STACK || kind == SYMBOL_MADE;
}

/* A value as `width` bytes see it. */
static struct value narrow(struct flow *f, struct state *s, const struct insn *i, struct value v, unsigned width)
{
	if (width >= 8)
		return v;
	if (!v.symbol)
		return value_number((int64_t)((uint64_t)v.offset & ((1ull << width * 8) - 1)));
	if (is_pointer(f, v) || v.offset)
		return unknown(f, i, 42);
	return v;
}

static void set(struct flow *f, struct state *s, const struct insn *i, const struct operand *to, struct value v)
{
	if (to->kind == OPERAND_REG && to->reg < 16) {
		if (s->reg[to->reg].symbol)
			s->is_touched = true;
		if (to->width < 4)
			v = unknown(f, i, to->reg); /* the rest of the register stays */
		s->reg[to->reg] = v;
	} else if (to->kind == OPERAND_MEM) {
		state_store(f, s, state_address(f, s, i, to), to->width, v);
	}
}

static struct value get(struct flow *f, struct state *s, const struct insn *i, const struct operand *from)
{
	switch (from->kind) {
	case OPERAND_REG:
		return from->reg < 16 ? narrow(f, s, i, s->reg[from->reg], from->width) : value_number((int64_t)i->next);
	case OPERAND_IMM:
		return value_number(from->value);
	case OPERAND_MEM:
		return state_load(f, s, state_address(f, s, i, from), from->width);
	default:
		return unknown(f, i, 43);
	}
}

static void step_move(struct flow *f, struct state *s, const struct insn *i)
{
	struct value v = get(f, s, i, &i->from);

	if (i->to.width > i->from.width && i->from.kind != OPERAND_IMM && !v.symbol && i->from.width == 4 &&
	    i->to.width == 8)
		v.offset = (int32_t)v.offset; /* movsxd; a 32-bit mov has equal widths */
	if (i->to.kind == OPERAND_REG && i->to.width == 4)
		v = narrow(f, s, i, v, 4);
	if (i->to.kind == OPERAND_MEM && i->to.width < 8)
		v = narrow(f, s, i, v, i->to.width);
	set(f, s, i, &i->to, v);
}

static void compare(struct state *s, struct value left, struct value right, unsigned width, bool is_and)
{
	s->left = left;
	s->right = right;
	s->compare_width = (uint8_t)width;
	s->is_and = is_and;
}

/* Counts of references are followed, as long as they are those of a few. */
static bool is_small(struct value v)
{
	return !v.symbol && v.offset >= -1 && v.offset <= 4;
}

static void step_add(struct flow *f, struct state *s, const struct insn *i)
{
	struct value a = get(f, s, i, &i->to), b = get(f, s, i, &i->from), v;

	if (i->to.width < 8 && i->from.kind == OPERAND_IMM && i->to.width == 4)
		b.offset = (int32_t)b.offset;
	if (i->op == OP_SUB && b.symbol == a.symbol && b.symbol)
		v = value_number(a.offset - b.offset);
	else if (i->op == OP_SUB && !b.symbol)
		v = (struct value){ a.symbol, a.offset - b.offset };
	else if (i->op == OP_ADD && !b.symbol)
		v = (struct value){ a.symbol, a.offset + b.offset };
	else if (i->op == OP_ADD && !a.symbol)
		v = (struct value){ b.symbol, a.offset + b.offset };
	else if (i->op == OP_ADD && is_pointer(f, a))
		v = (struct value){ a.symbol, a.offset }; /* somewhere inside it */
	else if (i->op == OP_ADD && is_pointer(f, b))
		v = (struct value){ b.symbol, b.offset };
	else
		v = unknown(f, i, 44);
	/* what is counted up in a loop would never come to rest */
	if (flow_key(f, v.symbol)->kind != SYMBOL_STACK &&
	    (i->to.width < 8 || i->to.kind == OPERAND_MEM || v.offset > FAR || v.offset < -FAR || b.offset == 1) &&
	    !is_pointer(f, v) && !(i->op == OP_SUB && value_is(a, b)) && !is_small(v))
		v = unknown(f, i, 44);
	if (i->op == OP_SUB)
		compare(s, a, b, i->to.width, false);
	else
		compare(s, v, value_number(0), i->to.width, true);
	set(f, s, i, &i->to, v);
}

static void step_logic(struct flow *f, struct state *s, const struct insn *i)
{
	struct value a = get(f, s, i, &i->to), b = get(f, s, i, &i->from), v = unknown(f, i, 45);

	if (i->op == OP_XOR && value_is(a, b))
		v = value_number(0);
	else if (!a.symbol && !b.symbol)
		v = narrow(f, s, i, value_number(i->op == OP_XOR ? a.offset ^ b.offset : a.offset & b.offset), i->to.width);
	else if (i->op == OP_AND && flow_key(f, a.symbol)->kind == SYMBOL_STACK)
		v = a; /* aligned */
	set(f, s, i, &i->to, v);
	compare(s, v, value_number(0), i->to.width, true);
}

static void push(struct flow *f, struct state *s, struct value v)
{
	s->reg[REG_RSP].offset -= 8;
	state_store(f, s, s->reg[REG_RSP], 8, v);
}

static struct value pop(struct flow *f, struct state *s)
{
	struct value v = state_load(f, s, s->reg[REG_RSP], 8);

	s->reg[REG_RSP].offset += 8;
	return v;
}

static void step_leave(struct flow *f, struct state *s)
{
	s->reg[REG_RSP] = s->reg[REG_RBP];
	s->reg[REG_RBP] = pop(f, s);
	s->is_touched = true;
}

static void step_exchange(struct flow *f, struct state *s, const struct insn *i)
{
	struct value a = get(f, s, i, &i->to), b = get(f, s, i, &i->from);

	set(f, s, i, &i->to, b);
	set(f, s, i, &i->from, a);
}

static void step_vector_move(struct flow *f, struct state *s, const struct insn *i)
{
	const struct operand *to = &i->to, *from = &i->from;
	struct value low, high = value_number(0);
	struct value at;

	if (from->kind == OPERAND_VECTOR) {
		low = s->vector[from->reg][0];
		high = s->vector[from->reg][1];
	} else if (from->kind == OPERAND_MEM) {
		at = state_address(f, s, i, from);
		low = state_load(f, s, at, from->width < 8 ? from->width : 8);
		at.offset += 8;
		if (from->width > 8)
			high = state_load(f, s, at, 8);
	} else {
		low = get(f, s, i, from);
	}
	s->is_touched = true;
	if (to->kind == OPERAND_VECTOR) {
		s->vector[to->reg][0] = low;
		s->vector[to->reg][1] = from->width == 16 || from->kind != OPERAND_VECTOR ? high : value_number(0);
	} else if (to->kind == OPERAND_MEM) {
		at = state_address(f, s, i, to);
		state_store(f, s, at, to->width < 8 ? to->width : 8, low);
		at.offset += 8;
		if (to->width > 8)
			state_store(f, s, at, 8, high);
	} else {
		set(f, s, i, to, low);
	}
}

static void step_vector_high(struct flow *f, struct state *s, const struct insn *i)
{
	if (i->to.kind == OPERAND_VECTOR && i->from.kind == OPERAND_MEM)
		s->vector[i->to.reg][1] = state_load(f, s, state_address(f, s, i, &i->from), 8);
	else if (i->to.kind == OPERAND_MEM && i->from.kind == OPERAND_VECTOR)
		state_store(f, s, state_address(f, s, i, &i->to), 8, s->vector[i->from.reg][1]);
	s->is_touched = true;
}

static void step_other(struct flow *f, struct state *s, const struct insn *i)
{
	bool is_zero = i->to.kind == OPERAND_VECTOR && i->from.kind == OPERAND_VECTOR && i->to.reg == i->from.reg &&
		       i->writes_vector == 1u << i->to.reg && !i->writes && !i->reads_memory; /* pxor x, x and its like */

	for (unsigned r = 0; r < 16; r++) {
		if (i->writes & 1u << r && r != REG_RSP) {
			s->is_touched |= s->reg[r].symbol != 0;
			s->reg[r] = unknown(f, i, r);
		}
		if (i->writes_vector & 1u << r) {
			s->vector[r][0] = is_zero ? value_number(0) : unknown(f, i, 16 + r * 2);
			s->vector[r][1] = is_zero ? value_number(0) : unknown(f, i, 17 + r * 2);
			s->is_touched = true;
		}
	}
	if (i->to.kind == OPERAND_MEM && i->to.width)
		state_store(f, s, state_address(f, s, i, &i->to), i->to.width, unknown(f, i, 46));
	s->compare_width = 0;
}

/* As counts of references are changed where threads share them. */
static void step_exchange_add(struct flow *f, struct state *s, const struct insn *i)
{
	struct value was = get(f, s, i, &i->to), by = get(f, s, i, &i->from), now;

	if (by.symbol == 0 && i->from.width == 4)
		by.offset = (int32_t)by.offset;
	now = (struct value){ was.symbol, was.offset + by.offset };
	if (!is_small(was) || !is_small(by) || !is_small(now))
		now = unknown(f, i, 48);
	set(f, s, i, &i->from, was.symbol || is_small(was) ? was : unknown(f, i, 49));
	set(f, s, i, &i->to, now);
	compare(s, now, value_number(0), i->to.width, true);
}

void state_step(struct flow *f, struct state *s, const struct insn *i)
{
	struct value v;

	switch (i->op) {
	case OP_MOVE:
		step_move(f, s, i);
		break;
	case OP_LEA:
		v = state_address(f, s, i, &i->from);
		set(f, s, i, &i->to, i->to.width == 8 ? v : narrow(f, s, i, v, i->to.width));
		break;
	case OP_PUSH:
		push(f, s, get(f, s, i, &i->to));
		break;
	case OP_POP:
		set(f, s, i, &i->to, pop(f, s));
		break;
	case OP_ADD:
	case OP_SUB:
		step_add(f, s, i);
		break;
	case OP_AND:
	case OP_XOR:
		step_logic(f, s, i);
		break;
	case OP_INC:
		v = get(f, s, i, &i->to);
		v.offset += i->is_decrement ? -1 : 1;
		v = is_small(v) ? v : unknown(f, i, 47);
		set(f, s, i, &i->to, v);
		compare(s, v, value_number(0), i->to.width, true);
		break;
	case OP_COMPARE:
		compare(s, get(f, s, i, &i->to), get(f, s, i, &i->from), i->to.width, false);
		break;
	case OP_TEST:
		v = get(f, s, i, &i->to);
		if (value_is(v, get(f, s, i, &i->from)))
			compare(s, v, value_number(0), i->to.width, true);
		else
			s->compare_width = 0;
		break;
	case OP_LEAVE:
		step_leave(f, s);
		break;
	case OP_EXCHANGE:
		step_exchange(f, s, i);
		break;
	case OP_EXCHANGE_ADD:
		step_exchange_add(f, s, i);
		break;
	case OP_NEGATE:
		v = get(f, s, i, &i->to);
		v.offset = -v.offset;
		set(f, s, i, &i->to, is_small(v) ? v : unknown(f, i, 47));
		compare(s, v, value_number(0), i->to.width, true);
		break;
	case OP_VECTOR_MOVE:
		step_vector_move(f, s, i);
		break;
	case OP_VECTOR_HIGH:
		step_vector_high(f, s, i);
		break;
	case OP_VECTOR_JOIN:
		if (i->to.kind == OPERAND_VECTOR && i->from.kind == OPERAND_VECTOR)
			s->vector[i->to.reg][1] = s->vector[i->from.reg][0];
		else
			step_other(f, s, i);
		break;
	case OP_NOTHING:
		break;
	default:
		step_other(f, s, i);
		break;
	}
}

/* Two numbers of `width` bytes compared. */
static bool holds(uint64_t a, uint64_t b, unsigned width, unsigned condition)
{
	unsigned shift = 64 - width * 8;
	int64_t x = (int64_t)(a << shift) >> shift, y = (int64_t)(b << shift) >> shift;
	bool result = false;

	a = a << shift >> shift;
	b = b << shift >> shift;
	switch (condition >> 1) {
	case 1: result = a < b; break;
	case 2: result = a == b; break;
	case 3: result = a <= b; break;
	case 4: result = x - y < 0; break;
	case 6: result = x < y; break;
	case 7: result = x <= y; break;
	default: break;
	}
	return result != (condition & 1);
}

/* Which of "less, equal, greater" (signed in bits 0..2, unsigned in 3..5) a condition allows. */
static unsigned allowed(unsigned condition)
{
	static const unsigned char all[16] = { 63, 63, 1 << 3 | 7, 6 << 3 | 7, 2 << 3 | 2, 5 << 3 | 5, 3 << 3 | 7, 4 << 3 | 7,
					       63, 63, 63, 63, 7 << 3 | 1, 7 << 3 | 6, 7 << 3 | 3, 7 << 3 | 4 };

	return all[condition & 15];
}

/* Signed compared with 0 is what the sign flag says. */
static unsigned usual(const struct state *s, unsigned condition)
{
	if (condition >> 1 == 4 && (s->is_and || value_is(s->right, value_number(0))))
		return 12 | (condition & 1);
	return condition;
}

static bool is_never_zero(const struct flow *f, struct value v)
{
	enum symbol_kind kind = (enum symbol_kind)flow_key(f, v.symbol)->kind;

	return kind == SYMBOL_BLOCK || kind == SYMBOL_STACK || kind == SYMBOL_THREAD;
}

/* What something was stored behind, is no null pointer. */
static bool is_stored_behind(const struct state *s, struct value v)
{
	for (unsigned i = 0; v.symbol && !v.offset && i < s->cell_count; i++)
		if (s->cells[i].at.symbol == v.symbol)
			return true;
	return false;
}

int state_condition(struct flow *f, const struct state *s, unsigned condition)
{
	struct value a = s->left, b = s->right;
	unsigned possible = 63, wanted;

	condition = usual(s, condition);
	if (!s->compare_width || condition < 2 || (condition >> 1) == 5 || (condition >> 1) == 4)
		return -1;
	if (a.symbol == b.symbol)
		return holds((uint64_t)a.offset, (uint64_t)b.offset, s->compare_width, condition);
	if (s->compare_width == 8 && (is_never_zero(f, a) || is_never_zero(f, b)) && (!a.symbol || !b.symbol))
		possible = 5 << 3 | 5;
	if (s->compare_width == 8 && value_is(b, value_number(0)) && is_stored_behind(s, a))
		possible = 5 << 3 | 5;
	for (unsigned i = 0; i < s->fact_count; i++) {
		const struct fact *fact = &s->facts[i];

		if (fact->width != s->compare_width || !value_is(fact->left, a))
			continue;
		if (value_is(fact->right, b))
			possible &= allowed(fact->condition);
		else if (fact->condition == 4 && !fact->right.symbol && !b.symbol)
			return holds((uint64_t)fact->right.offset, (uint64_t)b.offset, s->compare_width, condition);
	}
	wanted = allowed(condition);
	/* a condition speaks of signed or of unsigned order; equality of both */
	if ((wanted & 7) != 7) {
		if (!(possible & wanted & 7))
			return 0;
		if (!(possible & 7 & ~wanted))
			return 1;
	}
	if (wanted >> 3 != 7) {
		if (!(possible >> 3 & wanted >> 3))
			return 0;
		if (!(possible >> 3 & ~(wanted >> 3) & 7))
			return 1;
	}
	return -1;
}

void state_assume(struct state *s, unsigned condition)
{
	struct fact fact = { .left = s->left, .right = s->right, .width = s->compare_width,
			     .depth = s->entered_count };

	fact.condition = (uint8_t)usual(s, condition);
	if (!s->compare_width || !s->left.symbol || fact.condition < 2)
		return;
	for (unsigned i = 0; i < s->fact_count; i++)
		if (value_is(s->facts[i].left, fact.left) && value_is(s->facts[i].right, fact.right) &&
		    s->facts[i].condition == fact.condition)
			return;
	if (s->fact_count == STATE_FACTS) {
		memmove(&s->facts[0], &s->facts[1], (STATE_FACTS - 1) * sizeof(s->facts[0]));
		s->fact_count--;
	}
	s->facts[s->fact_count++] = fact;
}

void state_clobber(struct flow *f, struct state *s, uint64_t call, uint16_t registers)
{
	for (unsigned r = 0; r < 16; r++) {
		if (!(registers & 1u << r))
			continue;
		state_renew(f, s, flow_symbol(f, SYMBOL_RESULT, call, r));
		s->reg[r] = (struct value){ flow_symbol(f, SYMBOL_RESULT, call, r), 0 };
	}
	for (unsigned i = s->fact_count; i-- > 0;) /* whoever was called may have changed what lies in memory */
		if (flow_key(f, s->facts[i].left.symbol)->kind == SYMBOL_LOADED)
			s->facts[i] = s->facts[--s->fact_count];
	for (unsigned r = 0; r < 16; r++)
		for (unsigned k = 0; k < 2; k++)
			s->vector[r][k] = (struct value){ flow_symbol(f, SYMBOL_RESULT, call, 16 + r * 2 + k), 0 };
	s->compare_width = 0;
	s->is_touched = true;
}
