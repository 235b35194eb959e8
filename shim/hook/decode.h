/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_DECODE_H
#define LEAKSHIM_DECODE_H
/*
 * Lengths of x86-64 instructions, and what must change in one that is moved elsewhere.
 *
 * Our own and small, because a preloaded library should not drag another shared library into
 * every process (Debian has Zydis as a shared library only), and because moving a prologue
 * needs six facts of an instruction and no names of operands. What it does not know is
 * DECODE_BAD, and the caller then leaves the function alone.
 *
 * Context: any; pure.
 */
#include <stdint.h>

enum decode_kind {
	DECODE_BAD = 0,
	DECODE_PLAIN = 1,
	DECODE_NOP = 2,	 /* only there to fill space; int3 counts too */
	DECODE_JUMP = 3, /* jmp to a relative target */
	DECODE_BRANCH = 4,
	DECODE_CALL = 5,
	DECODE_LOOP = 6, /* loop, jrcxz, xbegin: relative, and without a long form */
	DECODE_JUMP_INDIRECT = 7,
	DECODE_CALL_INDIRECT = 8,
	DECODE_RETURN = 9,
	DECODE_TRAP = 10 /* ud2, hlt: nothing comes after it */
};

struct decode {
	uint8_t length;
	uint8_t kind;
	uint8_t condition; /* of a branch: low half of its opcode */
	uint8_t rip_at;	   /* where the 32-bit rip-relative displacement lies, 0: none */
	uint8_t modrm_at;  /* of an indirect call */
	uint8_t uses_stack; /* its operand counts from rsp */
	int64_t target;	   /* of a relative jump, from the first byte of the instruction */
};

/* Decodes the instruction at `code`, of which `room` bytes may be read. */
struct decode decode_one(const uint8_t *code, uint32_t room);

/* 1 if execution never goes on behind it. */
static inline int decode_ends(const struct decode *d)
{
	return d->kind == DECODE_JUMP || d->kind == DECODE_JUMP_INDIRECT ||
	       d->kind == DECODE_RETURN || d->kind == DECODE_TRAP;
}
#endif
