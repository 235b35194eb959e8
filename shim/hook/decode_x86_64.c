/* SPDX-License-Identifier: MIT */
/* Instruction lengths from opcode maps. Order of the bytes: prefixes, REX or VEX or EVEX, opcode,
 * ModRM, SIB, displacement, immediate. */
#include "decode.h"

#include "rules.h"

#define LONGEST 15u

/* What follows an opcode. */
enum {
	N = 0, /* nothing */
	M = 1, /* ModRM */
	B = 2, /* 8-bit immediate */
	Z = 4, /* 32-bit immediate, 16-bit with prefix 66 */
	W = 8, /* 16-bit immediate */
	X = 16 /* not an instruction of 64-bit mode, or handled by name */
};

static const uint8_t one_byte[256] = {
	/* 00 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 10 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 20 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 30 */ M, M, M, M, B, Z, X, X, M, M, M, M, B, Z, X, X,
	/* 40 */ X, X, X, X, X, X, X, X, X, X, X, X, X, X, X, X,
	/* 50 */ N, N, N, N, N, N, N, N, N, N, N, N, N, N, N, N,
	/* 60 */ X, X, X, M, X, X, X, X, Z, M | Z, B, M | B, N, N, N, N,
	/* 70 */ B, B, B, B, B, B, B, B, B, B, B, B, B, B, B, B,
	/* 80 */ M | B, M | Z, X, M | B, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 90 */ N, N, N, N, N, N, N, N, N, N, X, N, N, N, N, N,
	/* a0 */ X, X, X, X, N, N, N, N, B, Z, N, N, N, N, N, N,
	/* b0 */ B, B, B, B, B, B, B, B, Z, Z, Z, Z, Z, Z, Z, Z,
	/* c0 */ M | B, M | B, W, N, X, X, M | B, M | Z, W | B, N, W, N, N, B, X, N,
	/* d0 */ M, M, M, M, X, X, X, N, M, M, M, M, M, M, M, M,
	/* e0 */ B, B, B, B, B, B, B, B, Z, Z, X, B, N, N, N, N,
	/* f0 */ X, N, X, X, N, N, M, M, N, N, N, N, N, N, M, M,
};

static const uint8_t two_byte[256] = {
	/* 00 */ M, M, M, M, X, N, N, N, N, N, X, N, X, M, N, M | B,
	/* 10 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 20 */ M, M, M, M, X, X, X, X, M, M, M, M, M, M, M, M,
	/* 30 */ N, N, N, N, N, N, X, N, X, X, X, X, X, X, X, X,
	/* 40 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 50 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 60 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* 70 */ M | B, M | B, M | B, M | B, M, M, M, N, M, M, X, X, M, M, M, M,
	/* 80 */ Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z, Z,
	/* 90 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* a0 */ N, N, N, M, M | B, M, X, X, N, N, N, M, M | B, M, M, M,
	/* b0 */ M, M, M, M, M, M, M, M, M, M, M | B, M, M, M, M, M,
	/* c0 */ M, M, M | B, M, M | B, M | B, M | B, M, N, N, N, N, N, N, N, N,
	/* d0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* e0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
	/* f0 */ M, M, M, M, M, M, M, M, M, M, M, M, M, M, M, M,
};

struct cursor {
	const uint8_t *code;
	uint32_t room, at;
	int operand16, address32, wide, rep;
	uint32_t map; /* 0: one byte, 1: 0F, 2: 0F38, 3: 0F3A, 4 and more: EVEX only */
	int vector;   /* VEX or EVEX */
};

static uint8_t peek(const struct cursor *c)
{
	return c->at < c->room ? c->code[c->at] : 0;
}

static int32_t signed_at(const uint8_t *at, uint32_t size)
{
	if (size == 1)
		return (int8_t)at[0];
	return (int32_t)((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
			 (uint32_t)at[3] << 24);
}

static void prefixes(struct cursor *c)
{
	for (; c->at < c->room && c->at < LONGEST; c->at++)
		switch (peek(c)) {
		case 0x66:
			c->operand16 = 1;
			break;
		case 0x67:
			c->address32 = 1;
			break;
		case 0xf3:
			c->rep = 1;
			break;
		case 0x26:
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x64:
		case 0x65:
		case 0xf0:
		case 0xf2:
			break;
		default:
			return;
		}
}

/* REX, VEX, EVEX and the escapes to other maps. Leaves the cursor on the opcode. */
static void escapes(struct cursor *c)
{
	uint8_t byte = peek(c);

	if ((byte & 0xf0) == 0x40) {
		c->wide = byte >> 3 & 1;
		c->at++;
		byte = peek(c);
	} else if (byte == 0xc5) {
		c->vector = 1;
		c->map = 1;
		c->at += 2;
		return;
	} else if (byte == 0xc4 || byte == 0x62) {
		c->vector = 1;
		c->map = c->at + 1 < c->room ? c->code[c->at + 1] & (byte == 0x62 ? 7 : 31) : 0;
		c->at += byte == 0x62 ? 4 : 3;
		return;
	}
	if (byte != 0x0f)
		return;
	c->map = 1;
	c->at++;
	if (peek(c) == 0x38 || peek(c) == 0x3a) {
		c->map = peek(c) == 0x38 ? 2 : 3;
		c->at++;
	}
}

static uint32_t shape_of(const struct cursor *c, uint8_t opcode)
{
	switch (c->map) {
	case 0:
		return c->vector ? X : one_byte[opcode];
	case 1:
		return two_byte[opcode];
	case 2:
		return M;
	case 3:
		return M | B;
	default:
		return c->vector && (c->map == 5 || c->map == 6) ? M : X;
	}
}

/* ModRM, SIB and displacement. */
static void operands(struct cursor *c, struct decode *d, uint8_t modrm)
{
	uint32_t mod = modrm >> 6, rm = modrm & 7;

	d->modrm_at = (uint8_t)c->at;
	c->at++;
	if (mod == 3)
		return;
	if (rm == 4) {
		uint8_t base = peek(c) & 7;

		d->uses_stack = base == 4; /* r12 too */
		c->at++;
		if (mod == 0 && base == 5)
			c->at += 4;
	} else if (mod == 0 && rm == 5) {
		d->rip_at = (uint8_t)c->at;
		c->at += 4;
	}
	c->at += mod == 1 ? 1 : mod == 2 ? 4 : 0;
}

static uint32_t immediate(const struct cursor *c, uint32_t shape, uint8_t opcode, uint8_t modrm)
{
	uint32_t size = 0;

	if (c->map == 0 && opcode >= 0xa0 && opcode <= 0xa3)
		return c->address32 ? 4 : 8;
	if (c->map == 0 && opcode >= 0xb8 && opcode <= 0xbf && c->wide)
		return 8;
	if (c->map == 0 && opcode == 0xf6 && (modrm >> 3 & 7) < 2)
		size += 1;
	if (c->map == 0 && opcode == 0xf7 && (modrm >> 3 & 7) < 2)
		shape |= Z;
	size += shape & B ? 1 : 0;
	size += shape & W ? 2 : 0;
	size += shape & Z ? (c->operand16 && !c->wide ? 2 : 4) : 0;
	return size;
}

static void relative(const struct cursor *c, struct decode *d, uint32_t kind, uint32_t size)
{
	/* with prefix 66 processors disagree about the length */
	d->kind = c->operand16 && size != 1 ? DECODE_BAD : (uint8_t)kind;
	d->target = (int64_t)c->at + signed_at(c->code + c->at - size, size);
}

static void classify(const struct cursor *c, struct decode *d, uint8_t opcode, uint8_t modrm)
{
	if (c->vector)
		return;
	if (c->map == 1) {
		if ((opcode & 0xf0) == 0x80) {
			d->condition = opcode & 15;
			relative(c, d, DECODE_BRANCH, 4);
		} else if (opcode == 0x0b || opcode == 0xb9 || opcode == 0xff) {
			d->kind = DECODE_TRAP;
		} else if (opcode == 0x1f) {
			d->kind = DECODE_NOP;
		}
	} else if (c->map == 0) {
		if ((opcode & 0xf0) == 0x70) {
			d->condition = opcode & 15;
			relative(c, d, DECODE_BRANCH, 1);
		} else if (opcode >= 0xe0 && opcode <= 0xe3) {
			relative(c, d, DECODE_LOOP, 1);
		} else if (opcode == 0xc7 && modrm == 0xf8) {
			relative(c, d, DECODE_LOOP, 4);
		} else if (opcode == 0xe8) {
			relative(c, d, DECODE_CALL, 4);
		} else if (opcode == 0xe9 || opcode == 0xeb) {
			relative(c, d, DECODE_JUMP, opcode == 0xe9 ? 4 : 1);
		} else if (opcode == 0xff && (modrm >> 3 & 7) / 2 == 1) {
			d->kind = DECODE_CALL_INDIRECT;
		} else if (opcode == 0xff && (modrm >> 3 & 7) / 2 == 2) {
			d->kind = DECODE_JUMP_INDIRECT;
		} else if ((opcode & 0xf6) == 0xc2 || opcode == 0xcf) {
			d->kind = DECODE_RETURN;
		} else if ((opcode == 0x90 && !c->rep) || opcode == 0xcc) {
			d->kind = DECODE_NOP;
		} else if (opcode == 0xf4) {
			d->kind = DECODE_TRAP;
		}
	}
}

struct decode decode_one(const uint8_t *code, uint32_t room)
{
	struct cursor c = {.code = code, .room = room < LONGEST ? room : LONGEST};
	struct decode d = {.kind = DECODE_PLAIN};
	struct decode bad = {.kind = DECODE_BAD};
	uint8_t opcode, modrm;
	uint32_t shape;

	prefixes(&c);
	escapes(&c);
	if (c.at >= c.room)
		return bad;
	opcode = peek(&c);
	c.at++;
	modrm = peek(&c);
	shape = shape_of(&c, opcode);
	if (c.map == 0 && !c.vector && opcode >= 0xa0 && opcode <= 0xa3)
		shape = N;
	if (shape == X || (c.map == 0 && opcode == 0x8f && (modrm & 0x38)))
		return bad;
	if (c.vector && c.map == 1 && opcode != 0x77)
		shape |= M;
	if (shape & M)
		operands(&c, &d, modrm);
	else
		modrm = 0;
	if (d.rip_at && c.address32)
		return bad;
	c.at += immediate(&c, c.vector ? shape & ~(uint32_t)Z : shape, opcode, modrm);
	if (c.at > c.room)
		return bad;
	classify(&c, &d, opcode, modrm);
	d.length = (uint8_t)c.at;
	return d;
}
