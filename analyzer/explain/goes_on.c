/* SPDX-License-Identifier: MIT */
/* Where the code of one function can go on to. */
#include "ways_private.h"

#define PLACES_MAX 512u

static void place_add(uint64_t *places, unsigned *count, uint64_t place)
{
	for (unsigned i = 0; i < *count; i++)
		if (places[i] == place)
			return;
	if (*count < PLACES_MAX)
		places[(*count)++] = place;
}

enum arrival { ARRIVES_NOT, ARRIVES, ARRIVES_PERHAPS };

/* Is it of the function, or of a part that the compiler split off it? */
static bool is_within(struct code *c, const struct function *f, uint64_t at)
{
	const struct function *other = at >= f->start && at < f->end ? f : code_function(c, at);

	return other && (other == f || other->is_part || (f->is_part && other->start != at));
}

/* with_throws: also by way of an exception. */
static enum arrival arrives(struct code *c, const char *scope, uint64_t from, uint64_t to, bool with_throws)
{
	const struct function *f = code_function(c, from);
	uint64_t places[PLACES_MAX] = { from };
	enum arrival answer = ARRIVES_NOT;
	unsigned count = 1;
	uint64_t pad;
	struct insn i;

	for (unsigned k = 0; f && k < count; k++)
		for (uint64_t at = places[k]; is_within(c, f, at) && !decode(c, at, &i); at = i.next) {
			if (i.next == to)
				return ARRIVES;
			if (scope && !place_has(code_place(c, at), scope))
				break;
			if (with_throws && i.op == OP_CALL && code_landing(c, at, &pad) == LANDING_PAD)
				place_add(places, &count, pad);
			if ((i.op == OP_BRANCH || i.op == OP_JUMP) && i.to.kind == OPERAND_IMM)
				place_add(places, &count, (uint64_t)i.to.value);
			else if (i.op == OP_JUMP)
				answer = ARRIVES_PERHAPS;
			if (i.op == OP_JUMP || i.op == OP_RETURN || i.op == OP_STOP)
				break;
		}
	return f && count < PLACES_MAX ? answer : ARRIVES_PERHAPS;
}

bool code_goes_on(struct code *c, const char *scope, uint64_t from, uint64_t to)
{
	return arrives(c, scope, from, to, false) == ARRIVES;
}

bool code_never_goes_on(struct code *c, uint64_t from, uint64_t to)
{
	return arrives(c, NULL, from, to, true) == ARRIVES_NOT;
}

/* Does a function keep its frame in rbp? */
static bool has_frame(struct code *c, const struct function *f)
{
	struct insn i;

	if (decode(c, f->start, &i))
		return false;
	if (i.op == OP_NOTHING && decode(c, i.next, &i)) /* endbr64 */
		return false;
	return i.op == OP_PUSH && i.to.kind == OPERAND_REG && i.to.reg == REG_RBP && !decode(c, i.next, &i) && i.op == OP_MOVE &&
	       i.to.kind == OPERAND_REG && i.to.reg == REG_RBP && i.from.kind == OPERAND_REG && i.from.reg == REG_RSP;
}

static bool is_word(const struct operand *o, int64_t distance)
{
	return o->kind == OPERAND_MEM && o->base == REG_RBP && o->value < distance + 8 &&
	       o->value + (o->width ? o->width : 8) > distance;
}

/* Does anybody get its address? */
static bool is_taken(struct code *c, const struct function *f, int64_t distance)
{
	struct insn i;

	for (uint64_t at = f->start; at < f->end; at = i.next) {
		if (decode(c, at, &i))
			return true;
		if (i.op == OP_LEA && is_word(&i.from, distance))
			return true;
	}
	return false;
}

bool code_is_unread(struct code *c, uint64_t from, int64_t distance)
{
	const struct function *f = code_function(c, from);
	uint64_t places[PLACES_MAX] = { from };
	unsigned count = 1;
	struct insn i;

	distance += 8; /* rbp lies one word below the return address */
	if (!f || f->is_part || !has_frame(c, f) || is_taken(c, f, distance))
		return false;
	for (unsigned k = 0; k < count; k++)
		for (uint64_t at = places[k];; at = i.next) {
			if (count == PLACES_MAX || at < f->start || at >= f->end || decode(c, at, &i))
				return false;
			if (is_word(&i.from, distance))
				return false;
			if (is_word(&i.to, distance)) {
				if (i.op != OP_MOVE || i.to.width < 8)
					return false;
				break;
			}
			if (i.op == OP_JUMP && i.to.kind != OPERAND_IMM)
				return false;
			if (i.op == OP_BRANCH || i.op == OP_JUMP)
				place_add(places, &count, (uint64_t)i.to.value);
			if (i.op == OP_JUMP || i.op == OP_RETURN || i.op == OP_STOP)
				break;
		}
	return true;
}
