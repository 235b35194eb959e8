/* SPDX-License-Identifier: MIT */
/* How a jump can be made to stand at an entry: which bytes must move for it, and where it gets its missing ones from. */
#include "patch.h"

#include <string.h>

#include "decode.h"
#include "rules.h"

#define JUMP 5u
#define SHORT_JUMP 2u
#define SHORT_REACH 127u
#define SCAN_MOST 65536u /* of one function's body */

struct body {
	const uint8_t *code;
	uint64_t size;
	uint64_t room; /* to the next function, 0: not known */
};

static int is_relative(const struct decode *d)
{
	return d->kind == DECODE_JUMP || d->kind == DECODE_BRANCH || d->kind == DECODE_LOOP || d->kind == DECODE_CALL;
}

static struct decode decode_in(const struct body *b, uint64_t at, uint64_t end)
{
	return decode_one(b->code + at, end - at > 15 ? 15 : (uint32_t)(end - at));
}

/* Whether a branch in the body leads into bytes from `low` to `high`. Where the body cannot be decoded (tables in the text),
 * every byte is taken for the start of a branch. */
static int leads_into(const struct body *b, int64_t low, int64_t high, int is_call_too)
{
	uint64_t end = b->size > SCAN_MOST ? SCAN_MOST : b->size;
	int lost = 0;

	for (uint64_t i = 0; i < end;) {
		struct decode d = decode_in(b, i, end);

		if (is_relative(&d) && (is_call_too || d.kind == DECODE_BRANCH || d.kind == DECODE_LOOP) &&
		    (int64_t)i + d.target >= low && (int64_t)i + d.target <= high)
			return 1;
		lost |= d.kind == DECODE_BAD;
		if (lost && !is_call_too)
			return 0;
		i += lost ? 1 : d.length;
	}
	return 0;
}

/* Where a function whose symbol has no size ends: behind an instruction that nothing follows and no branch leads beyond. */
static uint64_t size_of(const struct body *b)
{
	uint64_t end = b->room > SCAN_MOST ? SCAN_MOST : b->room, furthest = 0;

	for (uint64_t i = 0; i < end;) {
		struct decode d = decode_in(b, i, end);

		if (d.kind == DECODE_BAD)
			return 0;
		if (is_relative(&d) && d.kind != DECODE_CALL && d.target > 0 && i + (uint64_t)d.target < end &&
		    i + (uint64_t)d.target > furthest)
			furthest = i + (uint64_t)d.target;
		i += d.length;
		if (decode_ends(&d) && i > furthest)
			return i;
	}
	return 0;
}

/* Where bytes behind the function begin that belong to nobody, enough for a jump and near enough to its entry; 0: nowhere. */
static uint32_t padding_of(const struct body *b)
{
	uint64_t at = 0, end;
	struct decode d = {0};

	if (b->size > SHORT_REACH)
		return 0;
	for (; at < b->size; at += d.length) {
		d = decode_in(b, at, b->size);
		if (d.kind == DECODE_BAD)
			return 0;
	}
	if (!decode_ends(&d))
		return 0;
	for (end = at; end < at + JUMP; end += d.length) {
		d = decode_in(b, end, b->room);
		if (end >= b->room || d.kind != DECODE_NOP)
			return 0;
	}
	return leads_into(b, (int64_t)at, (int64_t)at + JUMP - 1, 1) ? 0 : (uint32_t)at;
}

/* What of one instruction that would move is in the way. */
static const char *obstacle(const struct decode *d, uint32_t at, uint32_t width)
{
	int64_t target = at + d->target;

	if (d->kind == DECODE_BAD)
		return "unknown instruction";
	if (d->kind == DECODE_LOOP)
		return "loop instruction in the entry";
	if (d->kind == DECODE_CALL_INDIRECT && (at + d->length < width || d->uses_stack))
		return "indirect call in the entry"; /* its return address would be in the jump, or it counts from rsp */
	if ((d->kind == DECODE_JUMP || d->kind == DECODE_BRANCH) && target > 0 && target < width)
		return "branch into the entry";
	return 0;
}

static const char *displace(const struct body *b, uint32_t width, struct patch_plan *p)
{
	uint32_t at = 0;
	int ended = 0;

	p->width = width;
	p->boundaries = 0;
	while (at < width) {
		struct decode d = decode_one(b->code + at, 15);
		const char *reason = obstacle(&d, at, width);

		if (reason)
			return reason;
		if ((ended || at >= b->size) && (d.kind != DECODE_NOP || at + d.length > b->room))
			return "too short";
		p->boundaries |= 1u << at;
		ended |= decode_ends(&d);
		at += d.length;
	}
	p->displaced = at;
	if (leads_into(b, 0, 0, 0))
		return "a loop begins at its entry"; /* each round would look like a call */
	return leads_into(b, 1, width - 1, 1) ? "branch into the entry" : 0;
}

const char *patch_examine(const uint8_t *code, uint64_t size, uint64_t room, struct patch_plan *p)
{
	struct body b = {code, size, room};
	const char *reason;

	memset(p, 0, sizeof *p);
	if (code[0] == 0xcc)
		return "breakpoint at the entry";
	if (!size)
		b.size = size_of(&b);
	reason = displace(&b, JUMP, p);
	if (!reason || !room || !b.size)
		return reason;
	p->padding = padding_of(&b);
	if (p->padding && !displace(&b, SHORT_JUMP, p))
		return 0;
	p->padding = 0;
	for (uint32_t width = JUMP - 1; width > 1; width--)
		if (!displace(&b, width, p))
			return 0;
	return reason;
}
