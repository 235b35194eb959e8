/* SPDX-License-Identifier: MIT */
/* Jumps by tables: see table.h. */
#include <stdlib.h>
#include <string.h>

#include "table.h"

#define NEAR 16u /* instructions from the question how large the index is to the jump */
#define FUNCTION_MOST 60000u
#define ABOVE 7u /* condition codes */
#define NOT_ABOVE 6u

/* What is known of a jump when all of its function before it was seen. */
struct table {
	uint64_t bases[16]; /* of each register: the address that it was given last; 0: none */
	uint64_t base;
	unsigned width, entries; /* entries 0: how many is not known */
	unsigned joined_at, asked_at; /* instruction at which index and table were joined, and the index was compared */
	int64_t asked;
};

static void note_address(struct table *t, const struct insn *i)
{
	bool is_address = i->op == OP_LEA && i->from.kind == OPERAND_MEM && i->from.base == REG_RIP && i->from.index == REG_NONE;

	for (unsigned r = 0; r < 16; r++)
		if (i->writes & 1u << r)
			t->bases[r] = is_address && i->to.reg == r ? (uint64_t)i->from.value : 0;
}

static void note_sum(struct table *t, const struct insn *i, unsigned at)
{
	uint64_t left, right;

	if (i->op != OP_ADD || i->to.kind != OPERAND_REG || i->from.kind != OPERAND_REG || i->to.reg >= 16 || i->from.reg >= 16)
		return;
	left = t->bases[i->to.reg];
	right = t->bases[i->from.reg];
	if (!left == !right)
		return;
	t->base = left ? left : right;
	t->joined_at = at;
}

static void note_question(struct table *t, const struct insn *i, unsigned at)
{
	if (i->op == OP_COMPARE && i->from.kind == OPERAND_IMM) {
		t->asked = i->from.value;
		t->asked_at = at;
	} else if (i->op == OP_BRANCH && t->asked_at && at - t->asked_at <= 2 && (i->condition == ABOVE || i->condition == NOT_ABOVE)) {
		t->entries = t->asked >= 0 && t->asked < TABLE_MOST ? (unsigned)t->asked + 1 : 0;
		t->asked_at = at;
	}
}

static bool find(struct code *c, const struct function *f, const struct insn *jump, struct table *t)
{
	unsigned at = 1;
	struct insn i;

	for (uint64_t pc = f->start; pc < jump->address && at < FUNCTION_MOST; pc = i.next, at++) {
		if (decode(c, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		note_sum(t, &i, at);
		note_address(t, &i);
		note_question(t, &i, at);
	}
	if (!t->asked_at || at - t->asked_at > NEAR)
		t->entries = 0;
	t->width = 4;
	if (jump->to.kind == OPERAND_MEM && jump->to.base == REG_NONE && jump->to.index < 16 && jump->to.scale == 8) {
		t->base = (uint64_t)jump->to.value;
		t->width = 8;
	} else if (jump->to.kind != OPERAND_REG || !t->joined_at || at - t->joined_at > 3) {
		t->base = 0;
	}
	return t->base != 0;
}

static int by_address(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

unsigned table_targets(struct code *c, const struct insn *jump, uint64_t *targets, unsigned max)
{
	const struct function *f = code_function(c, jump->address);
	struct table t = { .base = 0 };
	unsigned count = 0, different = 0;

	if (!f || jump->op != OP_JUMP || jump->to.kind == OPERAND_IMM || !find(c, f, jump, &t))
		return 0;
	for (unsigned k = 0; k < (t.entries ? t.entries : TABLE_MOST) && count < max; k++) {
		uint64_t most = 0, target = 0;
		const unsigned char *entry = code_bytes(c, t.base + k * t.width, &most);
		int32_t distance;

		if (!entry || most < t.width)
			break;
		memcpy(t.width == 8 ? (void *)&target : (void *)&distance, entry, t.width);
		if (t.width == 4)
			target = t.base + (uint64_t)(int64_t)distance;
		if (target >= f->start && target < f->end)
			targets[count++] = target;
		else if (!t.entries)
			break;
	}
	if (count)
		qsort(targets, count, sizeof(*targets), by_address);
	for (unsigned k = 0; k < count; k++)
		if (!different || targets[different - 1] != targets[k])
			targets[different++] = targets[k];
	return different;
}
