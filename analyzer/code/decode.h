/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_DECODE_H
#define LEAKSHIM_DECODE_H
/*
 * One x86-64 instruction as far as it moves values between registers and memory or leads elsewhere. What is not named here
 * is OP_OTHER with a list of what it writes.
 */
#include "code.h"

enum op {
	OP_OTHER,
	OP_MOVE, /* also with extension */
	OP_LEA,
	OP_PUSH,
	OP_POP,
	OP_ADD,
	OP_SUB,
	OP_AND,
	OP_XOR,
	OP_INC, /* and dec */
	OP_COMPARE,
	OP_TEST,
	OP_JUMP,
	OP_BRANCH,
	OP_CALL,
	OP_RETURN,
	OP_LEAVE,
	OP_CMOV,
	OP_SET,
	OP_EXCHANGE,
	OP_EXCHANGE_ADD, /* the second gets what the first was, and is added to it */
	OP_NEGATE,
	OP_VECTOR_MOVE, /* 4, 8, 16 bytes, other lanes cleared or left as in the instruction */
	OP_VECTOR_HIGH, /* movhps: 8 bytes to or from the high lane */
	OP_VECTOR_JOIN, /* punpcklqdq: low lane of the second to the high lane of the first */
	OP_STOP,        /* does not go on: ud2, hlt, int3 */
	OP_NOTHING,
	OP_FLAGS,  /* sees or sets the processor's flags as a whole: pushf, popf, iret */
	OP_SYSTEM  /* a call of the kernel */
};

enum operand_kind { OPERAND_NONE, OPERAND_REG, OPERAND_VECTOR, OPERAND_MEM, OPERAND_IMM };

#define REG_NONE 255u
#define REG_RIP 254u
#define REG_RAX 0u
#define REG_RCX 1u
#define REG_RDX 2u
#define REG_RBX 3u
#define REG_RSP 4u
#define REG_RBP 5u
#define REG_RSI 6u
#define REG_RDI 7u

struct operand {
	enum operand_kind kind;
	uint8_t reg;	   /* of REG and VECTOR */
	uint8_t width;	   /* bytes */
	uint8_t base, index, scale;
	bool is_thread;	   /* below fs */
	int64_t value;	   /* of IMM; displacement of MEM, absolute if base is REG_RIP */
};

/* Condition codes as in the instruction set: E 4, NE 5, ... */
struct insn {
	uint64_t address, next;
	enum op op;
	uint8_t condition;
	struct operand to, from; /* first and second operand */
	uint16_t reads, writes;	 /* bits of general registers; what a register was does not matter where it is cleared by itself */
	uint16_t writes_vector;
	bool reads_memory;
	bool is_decrement; /* of OP_INC */
};

/* 0, or -1 where there is no instruction. */
int decode(struct code *c, uint64_t address, struct insn *insn);

/* The same of bytes that lie at an address of some process. 0: there are none. */
int decode_bytes(const unsigned char *bytes, uint64_t most, uint64_t address, struct insn *insn);
#endif
