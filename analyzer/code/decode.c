/* SPDX-License-Identifier: MIT */
/* Machine code -> struct insn: see decode.h. */
#include <string.h>
#include <Zydis/Zydis.h>

#include "decode.h"

static uint8_t general(ZydisRegister r)
{
	ZydisRegister whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, r);

	if (r == ZYDIS_REGISTER_RIP || r == ZYDIS_REGISTER_EIP)
		return REG_RIP;
	if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
		return REG_NONE;
	return (uint8_t)(whole - ZYDIS_REGISTER_RAX);
}

static uint8_t vector(ZydisRegister r)
{
	ZydisRegisterClass class = ZydisRegisterGetClass(r);

	if (class != ZYDIS_REGCLASS_XMM && class != ZYDIS_REGCLASS_YMM)
		return REG_NONE;
	return (uint8_t)(ZydisRegisterGetId(r) & 15);
}

static struct operand operand_of(const ZydisDecodedInstruction *i, const ZydisDecodedOperand *o, uint64_t next)
{
	struct operand to = { .kind = OPERAND_NONE, .reg = REG_NONE, .base = REG_NONE, .index = REG_NONE };

	(void)i;
	to.width = (uint8_t)(o->size / 8);
	switch (o->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		to.reg = general(o->reg.value);
		to.kind = OPERAND_REG;
		if (to.reg != REG_NONE)
			break;
		to.reg = vector(o->reg.value);
		to.kind = to.reg == REG_NONE ? OPERAND_NONE : OPERAND_VECTOR;
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		to.kind = OPERAND_MEM;
		to.base = general(o->mem.base);
		to.index = general(o->mem.index);
		to.scale = o->mem.scale;
		to.value = o->mem.disp.has_displacement ? o->mem.disp.value : 0;
		to.is_thread = o->mem.segment == ZYDIS_REGISTER_FS;
		if (to.base == REG_RIP)
			to.value += (int64_t)next;
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		to.kind = OPERAND_IMM;
		to.value = o->imm.is_relative ? o->imm.value.s + (int64_t)next : o->imm.value.s;
		break;
	default:
		break;
	}
	return to;
}

static int condition_of(ZydisMnemonic m, enum op *op)
{
	static const struct {
		ZydisMnemonic jump, set, move;
		uint8_t condition;
	} all[] = {
		{ ZYDIS_MNEMONIC_JO, ZYDIS_MNEMONIC_SETO, ZYDIS_MNEMONIC_CMOVO, 0 },
		{ ZYDIS_MNEMONIC_JNO, ZYDIS_MNEMONIC_SETNO, ZYDIS_MNEMONIC_CMOVNO, 1 },
		{ ZYDIS_MNEMONIC_JB, ZYDIS_MNEMONIC_SETB, ZYDIS_MNEMONIC_CMOVB, 2 },
		{ ZYDIS_MNEMONIC_JNB, ZYDIS_MNEMONIC_SETNB, ZYDIS_MNEMONIC_CMOVNB, 3 },
		{ ZYDIS_MNEMONIC_JZ, ZYDIS_MNEMONIC_SETZ, ZYDIS_MNEMONIC_CMOVZ, 4 },
		{ ZYDIS_MNEMONIC_JNZ, ZYDIS_MNEMONIC_SETNZ, ZYDIS_MNEMONIC_CMOVNZ, 5 },
		{ ZYDIS_MNEMONIC_JBE, ZYDIS_MNEMONIC_SETBE, ZYDIS_MNEMONIC_CMOVBE, 6 },
		{ ZYDIS_MNEMONIC_JNBE, ZYDIS_MNEMONIC_SETNBE, ZYDIS_MNEMONIC_CMOVNBE, 7 },
		{ ZYDIS_MNEMONIC_JS, ZYDIS_MNEMONIC_SETS, ZYDIS_MNEMONIC_CMOVS, 8 },
		{ ZYDIS_MNEMONIC_JNS, ZYDIS_MNEMONIC_SETNS, ZYDIS_MNEMONIC_CMOVNS, 9 },
		{ ZYDIS_MNEMONIC_JP, ZYDIS_MNEMONIC_SETP, ZYDIS_MNEMONIC_CMOVP, 10 },
		{ ZYDIS_MNEMONIC_JNP, ZYDIS_MNEMONIC_SETNP, ZYDIS_MNEMONIC_CMOVNP, 11 },
		{ ZYDIS_MNEMONIC_JL, ZYDIS_MNEMONIC_SETL, ZYDIS_MNEMONIC_CMOVL, 12 },
		{ ZYDIS_MNEMONIC_JNL, ZYDIS_MNEMONIC_SETNL, ZYDIS_MNEMONIC_CMOVNL, 13 },
		{ ZYDIS_MNEMONIC_JLE, ZYDIS_MNEMONIC_SETLE, ZYDIS_MNEMONIC_CMOVLE, 14 },
		{ ZYDIS_MNEMONIC_JNLE, ZYDIS_MNEMONIC_SETNLE, ZYDIS_MNEMONIC_CMOVNLE, 15 },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		*op = m == all[i].jump ? OP_BRANCH : m == all[i].set ? OP_SET : m == all[i].move ? OP_CMOV : OP_OTHER;
		if (*op != OP_OTHER)
			return all[i].condition;
	}
	return 0;
}

static enum op op_of(ZydisMnemonic m)
{
	switch (m) {
	case ZYDIS_MNEMONIC_MOV:
	case ZYDIS_MNEMONIC_MOVZX:
	case ZYDIS_MNEMONIC_MOVSX:
	case ZYDIS_MNEMONIC_MOVSXD:
		return OP_MOVE;
	case ZYDIS_MNEMONIC_LEA: return OP_LEA;
	case ZYDIS_MNEMONIC_PUSH: return OP_PUSH;
	case ZYDIS_MNEMONIC_POP: return OP_POP;
	case ZYDIS_MNEMONIC_ADD: return OP_ADD;
	case ZYDIS_MNEMONIC_SUB: return OP_SUB;
	case ZYDIS_MNEMONIC_AND: return OP_AND;
	case ZYDIS_MNEMONIC_XOR: return OP_XOR;
	case ZYDIS_MNEMONIC_INC:
	case ZYDIS_MNEMONIC_DEC: return OP_INC;
	case ZYDIS_MNEMONIC_CMP: return OP_COMPARE;
	case ZYDIS_MNEMONIC_TEST: return OP_TEST;
	case ZYDIS_MNEMONIC_JMP: return OP_JUMP;
	case ZYDIS_MNEMONIC_CALL: return OP_CALL;
	case ZYDIS_MNEMONIC_RET: return OP_RETURN;
	case ZYDIS_MNEMONIC_LEAVE: return OP_LEAVE;
	case ZYDIS_MNEMONIC_XCHG: return OP_EXCHANGE;
	case ZYDIS_MNEMONIC_XADD: return OP_EXCHANGE_ADD;
	case ZYDIS_MNEMONIC_NEG: return OP_NEGATE;
	case ZYDIS_MNEMONIC_MOVQ:
	case ZYDIS_MNEMONIC_MOVD:
	case ZYDIS_MNEMONIC_VMOVQ:
	case ZYDIS_MNEMONIC_MOVLPS:
	case ZYDIS_MNEMONIC_MOVLPD:
	case ZYDIS_MNEMONIC_MOVUPS:
	case ZYDIS_MNEMONIC_MOVAPS:
	case ZYDIS_MNEMONIC_MOVUPD:
	case ZYDIS_MNEMONIC_MOVAPD:
	case ZYDIS_MNEMONIC_MOVDQA:
	case ZYDIS_MNEMONIC_MOVDQU: return OP_VECTOR_MOVE;
	case ZYDIS_MNEMONIC_MOVHPS:
	case ZYDIS_MNEMONIC_MOVHPD: return OP_VECTOR_HIGH;
	case ZYDIS_MNEMONIC_PUNPCKLQDQ:
	case ZYDIS_MNEMONIC_UNPCKLPD:
	case ZYDIS_MNEMONIC_MOVLHPS: return OP_VECTOR_JOIN;
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_INT3: return OP_STOP;
	case ZYDIS_MNEMONIC_PUSHF:
	case ZYDIS_MNEMONIC_PUSHFQ:
	case ZYDIS_MNEMONIC_POPF:
	case ZYDIS_MNEMONIC_POPFQ:
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ: return OP_FLAGS;
	case ZYDIS_MNEMONIC_SYSCALL:
	case ZYDIS_MNEMONIC_SYSENTER:
	case ZYDIS_MNEMONIC_INT: return OP_SYSTEM;
	case ZYDIS_MNEMONIC_NOP:
	case ZYDIS_MNEMONIC_ENDBR64: return OP_NOTHING;
	default: return OP_OTHER;
	}
}

static uint16_t bit_of(ZydisRegister r)
{
	uint8_t reg = general(r);

	return reg < 16 ? (uint16_t)(1u << reg) : 0;
}

static void note_reads(struct insn *insn, const ZydisDecodedInstruction *i, const ZydisDecodedOperand *operands)
{
	bool is_cleared = (insn->op == OP_XOR || insn->op == OP_SUB) && insn->to.kind == OPERAND_REG &&
			  insn->from.kind == OPERAND_REG && insn->to.reg == insn->from.reg;

	for (unsigned k = 0; k < i->operand_count && !is_cleared; k++) {
		const ZydisDecodedOperand *o = &operands[k];

		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY)
			insn->reads |= bit_of(o->mem.base) | bit_of(o->mem.index);
		else if (o->type == ZYDIS_OPERAND_TYPE_REGISTER && o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			insn->reads |= bit_of(o->reg.value);
	}
}

static void note_writes(struct insn *insn, const ZydisDecodedInstruction *i, const ZydisDecodedOperand *operands)
{
	for (unsigned k = 0; k < i->operand_count; k++) {
		const ZydisDecodedOperand *o = &operands[k];
		uint8_t reg;

		if (o->type == ZYDIS_OPERAND_TYPE_MEMORY && o->mem.type == ZYDIS_MEMOP_TYPE_MEM &&
		    o->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			insn->reads_memory = true;
		if (o->type != ZYDIS_OPERAND_TYPE_REGISTER || !(o->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE))
			continue;
		reg = general(o->reg.value);
		if (reg < 16)
			insn->writes |= (uint16_t)(1u << reg);
		reg = vector(o->reg.value);
		if (reg < 16)
			insn->writes_vector |= (uint16_t)(1u << reg);
	}
}

int decode_bytes(const unsigned char *bytes, uint64_t most, uint64_t address, struct insn *insn)
{
	static ZydisDecoder decoder;
	static bool is_ready;
	ZydisDecodedInstruction i;
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

	if (!is_ready)
		is_ready = ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64));
	memset(insn, 0, sizeof(*insn));
	if (!bytes || !is_ready ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeFull(&decoder, bytes, most > 15 ? 15 : most, &i, operands)))
		return -1;
	insn->address = address;
	insn->next = address + i.length;
	insn->condition = (uint8_t)condition_of(i.mnemonic, &insn->op);
	if (insn->op == OP_OTHER)
		insn->op = op_of(i.mnemonic);
	if (i.operand_count_visible > 0)
		insn->to = operand_of(&i, &operands[0], insn->next);
	if (i.operand_count_visible > 1)
		insn->from = operand_of(&i, &operands[1], insn->next);
	if (i.operand_count_visible > 2 || (insn->op == OP_MOVE && insn->to.kind == OPERAND_NONE))
		insn->op = OP_OTHER;
	insn->is_decrement = i.mnemonic == ZYDIS_MNEMONIC_DEC;
	note_reads(insn, &i, operands);
	note_writes(insn, &i, operands);
	return 0;
}

int decode(struct code *c, uint64_t address, struct insn *insn)
{
	uint64_t most = 0;
	const unsigned char *bytes = code_bytes(c, address, &most);

	return decode_bytes(bytes, most, address, insn);
}
