/* SPDX-License-Identifier: MIT */
/*
 * DWARF expressions, evaluated over symbols or over numbers, and what is made of a row:
 * a packed rule, or a step with all registers.
 *
 * A value is c, or rsp + c, rbp + c, *(rsp + a) + c, *(rbp + a) + c. With registers at hand
 * (numbers) only plain c occurs.
 */
#include "cfi_bytes.h"
#include "rules.h"

enum base { BASE_NONE, BASE_RSP, BASE_RBP, BASE_RSP_MEM, BASE_RBP_MEM, BASE_UNKNOWN };

struct value {
	enum base base;
	int32_t inner;
	int64_t add;
};

#define DEPTH 16

struct machine {
	const struct cfi_registers *registers; /* NULL: symbols */
	struct cfi_reader *reader;
	uintptr_t pc;
	uint32_t depth;
	int is_bad;
	struct value stack[DEPTH];
};

static void push(struct machine *m, enum base base, int64_t add)
{
	if (m->depth == DEPTH) {
		m->is_bad = 1;
		return;
	}
	m->stack[m->depth++] = (struct value){base, 0, add};
}

static struct value pop(struct machine *m)
{
	if (!m->depth) {
		m->is_bad = 1;
		return (struct value){BASE_UNKNOWN, 0, 0};
	}
	return m->stack[--m->depth];
}

/* Pops a plain number. */
static int64_t pop_number(struct machine *m)
{
	struct value v = pop(m);

	if (v.base != BASE_NONE)
		m->is_bad = 1;
	return v.add;
}

static void push_register(struct machine *m, uint64_t number, int64_t add)
{
	if (m->registers) {
		if (number >= CFI_REGISTERS || !(m->registers->known >> number & 1))
			m->is_bad = 1;
		else
			push(m, BASE_NONE, (int64_t)(m->registers->value[number] + (uint64_t)add));
	} else if (number == CFI_REG_RSP) {
		push(m, BASE_RSP, add);
	} else if (number == CFI_REG_RBP) {
		push(m, BASE_RBP, add);
	} else if (number == CFI_REG_RA) {
		push(m, BASE_NONE, (int64_t)(m->pc + (uint64_t)add));
	} else {
		push(m, BASE_UNKNOWN, 0);
	}
}

static void dereference(struct machine *m, unsigned size)
{
	struct value v = pop(m);
	uintptr_t word;

	if (v.base == BASE_NONE && m->reader && size <= 8) {
		if (m->reader->word(m->reader, (uintptr_t)v.add, &word))
			m->is_bad = 1;
		else
			push(m, BASE_NONE, (int64_t)(size == 8 ? word : word & ((1ull << 8 * size) - 1)));
	} else if ((v.base == BASE_RSP || v.base == BASE_RBP) && size == 8 &&
		   v.add == (int32_t)v.add) {
		push(m, v.base == BASE_RSP ? BASE_RSP_MEM : BASE_RBP_MEM, 0);
		if (m->depth)
			m->stack[m->depth - 1].inner = (int32_t)v.add;
	} else {
		m->is_bad = 1;
	}
}

static void add(struct machine *m, int sign)
{
	struct value right = pop(m), left = pop(m);

	if (sign > 0 && left.base == BASE_NONE) {
		struct value swap = left;

		left = right;
		right = swap;
	}
	if (right.base != BASE_NONE || m->depth == DEPTH) {
		m->is_bad = 1;
		return;
	}
	left.add = (int64_t)((uint64_t)left.add + (uint64_t)sign * (uint64_t)right.add);
	m->stack[m->depth++] = left;
}

static void pick(struct machine *m, uint64_t index)
{
	if (index >= m->depth || m->depth == DEPTH) {
		m->is_bad = 1;
		return;
	}
	m->stack[m->depth] = m->stack[m->depth - 1 - index];
	m->depth++;
}

/* Turns the top `count` values: the first comes to lie below the others. */
static void rotate(struct machine *m, unsigned count)
{
	struct value top;

	if (m->depth < count) {
		m->is_bad = 1;
		return;
	}
	top = m->stack[m->depth - 1];
	memmove(&m->stack[m->depth - count + 1], &m->stack[m->depth - count],
		(count - 1) * sizeof(top));
	m->stack[m->depth - count] = top;
}

static void binary(struct machine *m, unsigned op)
{
	int64_t right = pop_number(m), left = pop_number(m), result = 0;
	unsigned shift = (unsigned)right & 63;

	switch (op) {
	case 0x1a: result = left & right; break;
	case 0x1b:
		if (right == 0 || right == -1)
			result = right ? (int64_t)(0 - (uint64_t)left) : 0;
		else
			result = left / right;
		m->is_bad |= !right;
		break;
	case 0x1d:
		m->is_bad |= !right;
		result = right ? (int64_t)((uint64_t)left % (uint64_t)right) : 0;
		break;
	case 0x1e: result = (int64_t)((uint64_t)left * (uint64_t)right); break;
	case 0x21: result = left | right; break;
	case 0x24: result = (int64_t)((uint64_t)left << shift); break;
	case 0x25: result = (int64_t)((uint64_t)left >> shift); break;
	case 0x26: result = left >> shift; break;
	case 0x27: result = left ^ right; break;
	case 0x29: result = left == right; break;
	case 0x2a: result = left >= right; break;
	case 0x2b: result = left > right; break;
	case 0x2c: result = left <= right; break;
	case 0x2d: result = left < right; break;
	case 0x2e: result = left != right; break;
	default: m->is_bad = 1;
	}
	push(m, BASE_NONE, result);
}

static void jump(struct machine *m, struct cfi_bytes *b, int is_taken)
{
	int64_t distance = bytes_signed(b, 2);

	if (!is_taken)
		return;
	if (distance < 0 || distance > b->end - b->at) /* backwards: a loop, never seen */
		m->is_bad = 1;
	else
		b->at += distance;
}

static void operation(struct machine *m, struct cfi_bytes *b, unsigned op)
{
	struct value v;
	uint64_t number;

	if (op >= 0x30 && op <= 0x4f) {
		push(m, BASE_NONE, op - 0x30);
		return;
	}
	if (op >= 0x70 && op <= 0x8f) {
		push_register(m, op - 0x70, bytes_sleb(b));
		return;
	}
	switch (op) {
	case 0x03: push(m, BASE_NONE, (int64_t)bytes_unsigned(b, 8)); break;
	case 0x06: dereference(m, 8); break;
	case 0x08: push(m, BASE_NONE, (int64_t)bytes_unsigned(b, 1)); break;
	case 0x09: push(m, BASE_NONE, bytes_signed(b, 1)); break;
	case 0x0a: push(m, BASE_NONE, (int64_t)bytes_unsigned(b, 2)); break;
	case 0x0b: push(m, BASE_NONE, bytes_signed(b, 2)); break;
	case 0x0c: push(m, BASE_NONE, (int64_t)bytes_unsigned(b, 4)); break;
	case 0x0d: push(m, BASE_NONE, bytes_signed(b, 4)); break;
	case 0x0e:
	case 0x0f: push(m, BASE_NONE, (int64_t)bytes_unsigned(b, 8)); break;
	case 0x10: push(m, BASE_NONE, (int64_t)bytes_uleb(b)); break;
	case 0x11: push(m, BASE_NONE, bytes_sleb(b)); break;
	case 0x12: pick(m, 0); break;
	case 0x13: pop(m); break;
	case 0x14: pick(m, 1); break;
	case 0x15: pick(m, bytes_unsigned(b, 1)); break;
	case 0x16: rotate(m, 2); break;
	case 0x17: rotate(m, 3); break;
	case 0x19:
		number = (uint64_t)pop_number(m);
		push(m, BASE_NONE, (int64_t)number < 0 ? (int64_t)(0 - number) : (int64_t)number);
		break;
	case 0x1c: add(m, -1); break;
	case 0x1f: push(m, BASE_NONE, (int64_t)(0 - (uint64_t)pop_number(m))); break;
	case 0x20: push(m, BASE_NONE, ~pop_number(m)); break;
	case 0x22: add(m, 1); break;
	case 0x23:
		push(m, BASE_NONE, (int64_t)bytes_uleb(b));
		add(m, 1);
		break;
	case 0x28:
		v = pop(m);
		m->is_bad |= v.base != BASE_NONE;
		jump(m, b, v.add != 0);
		break;
	case 0x2f: jump(m, b, 1); break;
	case 0x92:
		number = bytes_uleb(b);
		push_register(m, number, bytes_sleb(b));
		break;
	case 0x94: dereference(m, (unsigned)bytes_unsigned(b, 1)); break;
	case 0x96: break;
	default: binary(m, op);
	}
}

/* Evaluates the expression at a place of the row. 0 on success. */
static int evaluate(const struct cfi_source *source, int64_t place, struct machine *m,
		    struct value *result)
{
	struct cfi_bytes b = bytes_open(source, source->header + (uintptr_t)place);

	bytes_cut(&b, bytes_uleb(&b));
	while (b.at < b.end && !b.is_bad && !m->is_bad)
		operation(m, &b, (unsigned)bytes_unsigned(&b, 1));
	*result = pop(m);
	return b.is_bad || m->is_bad || result->base == BASE_UNKNOWN ? -1 : 0;
}

static int evaluate_symbols(const struct cfi_source *source, uintptr_t pc, int64_t place,
			    struct value *result)
{
	struct machine m = {.pc = pc};

	push(&m, BASE_UNKNOWN, 0);
	return evaluate(source, place, &m, result);
}

static uint64_t pack_rule(unsigned kind, unsigned rbp, int64_t rbp_offset, int64_t offset)
{
	if (rbp_offset & 7 || rbp_offset < -16384 || rbp_offset >= 16384 ||
	    offset < -(1 << 26) || offset >= 1 << 26)
		return CFI_ODD;
	return kind | rbp << 3 | ((uint64_t)rbp_offset >> 3 & 0xfff) << 6 |
	       ((uint64_t)offset & 0x7ffffff) << 18;
}

static uint64_t pack_cfa(struct value cfa, unsigned rbp, int64_t rbp_offset)
{
	uint64_t both;

	switch (cfa.base) {
	case BASE_RSP: return pack_rule(CFI_RSP, rbp, rbp_offset, cfa.add);
	case BASE_RBP: return pack_rule(CFI_RBP, rbp, rbp_offset, cfa.add);
	case BASE_RSP_MEM:
	case BASE_RBP_MEM:
		if (cfa.inner < -8192 || cfa.inner >= 8192 || cfa.add < -4096 || cfa.add >= 4096)
			return CFI_ODD;
		both = ((uint64_t)cfa.add & 0x1fff) << 14 | ((uint64_t)cfa.inner & 0x3fff);
		return pack_rule(cfa.base == BASE_RSP_MEM ? CFI_RSP_MEM : CFI_RBP_MEM, rbp,
				 rbp_offset, (int64_t)(both << 37) >> 37);
	default: return CFI_ODD;
	}
}

static int row_cfa_symbol(const struct cfi_source *source, uintptr_t pc,
			  const struct cfi_row *row, struct value *cfa)
{
	if (row->cfa_how == CFI_EXPR)
		return evaluate_symbols(source, pc, row->cfa_offset, cfa);
	*cfa = (struct value){row->cfa_register == CFI_REG_RSP   ? BASE_RSP
			      : row->cfa_register == CFI_REG_RBP ? BASE_RBP
							     : BASE_UNKNOWN,
			      0, row->cfa_offset};
	return 0;
}

/* Is it the frame that the kernel makes, as libc's restorer describes it? */
static int row_is_kernel_signal(const struct cfi_source *source, const struct cfi_row *row)
{
	struct value cfa, rbp, pc;

	return row->is_signal && row->return_column == CFI_REG_RA && row->cfa_how == CFI_EXPR &&
	       row->how[CFI_REG_RBP] == CFI_EXPR && row->how[CFI_REG_RA] == CFI_EXPR &&
	       !evaluate_symbols(source, 0, row->cfa_offset, &cfa) &&
	       !evaluate_symbols(source, 0, row->value[CFI_REG_RBP], &rbp) &&
	       !evaluate_symbols(source, 0, row->value[CFI_REG_RA], &pc) &&
	       cfa.base == BASE_RSP_MEM && cfa.inner == CFI_SIGNAL_RSP && !cfa.add &&
	       rbp.base == BASE_RSP && rbp.add == CFI_SIGNAL_RBP &&
	       pc.base == BASE_RSP && pc.add == CFI_SIGNAL_RIP;
}

static uint64_t row_pack(const struct cfi_source *source, uintptr_t pc, const struct cfi_row *row)
{
	struct value cfa, rbp;
	unsigned kind = CFI_RBP_SAME;
	int64_t offset = 0;

	if (row->return_column >= CFI_REGISTERS || row->how[row->return_column] == CFI_UNDEFINED ||
	    row->how[CFI_REG_RBP] == CFI_UNDEFINED)
		return CFI_END;
	if (row_is_kernel_signal(source, row))
		return CFI_SIGNAL | CFI_INTERRUPTED;
	if (row->return_column != CFI_REG_RA || row->how[CFI_REG_RA] != CFI_AT || row->value[CFI_REG_RA] != -8)
		return CFI_ODD;
	if (row->how[CFI_REG_RBP] == CFI_AT) {
		kind = CFI_RBP_AT_CFA;
		offset = row->value[CFI_REG_RBP];
	} else if (row->how[CFI_REG_RBP] == CFI_EXPR) {
		if (evaluate_symbols(source, pc, row->value[CFI_REG_RBP], &rbp) || rbp.base != BASE_RBP)
			return CFI_ODD;
		kind = CFI_RBP_AT_RBP;
		offset = rbp.add;
	} else if (row->how[CFI_REG_RBP] != CFI_SAME) {
		return CFI_ODD;
	}
	if (row_cfa_symbol(source, pc, row, &cfa))
		return CFI_ODD;
	return pack_cfa(cfa, kind, offset);
}

uint64_t cfi_rule(const struct cfi_source *source, uintptr_t pc, int is_exact,
		  struct cfi_work *work)
{
	int found = cfi_find_row(source, pc, is_exact, work);
	uint64_t rule;

	if (found <= 0)
		return found ? (uint64_t)CFI_END : (uint64_t)CFI_NONE;
	rule = row_pack(source, pc, &work->row);
	return work->row.is_signal ? rule | CFI_INTERRUPTED : rule;
}

static int evaluate_numbers(const struct cfi_source *source, int64_t place,
			    const struct cfi_registers *registers, struct cfi_reader *reader,
			    uint64_t first, uint64_t *result)
{
	struct machine m = {.registers = registers, .reader = reader,
			    .pc = registers->value[CFI_REG_RA]};
	struct value v;

	push(&m, BASE_NONE, (int64_t)first);
	if (evaluate(source, place, &m, &v))
		return -1;
	*result = (uint64_t)v.add;
	return 0;
}

/* The new value of one register. 1: known, 0: undefined, -1: cannot be read. */
static int leave_register(const struct cfi_source *source, const struct cfi_row *row,
			  unsigned number, const struct cfi_registers *old, uint64_t cfa,
			  struct cfi_reader *reader, uint64_t *result)
{
	int32_t value = row->value[number];
	uint64_t at = cfa + (uint64_t)(int64_t)value;

	switch (row->how[number]) {
	case CFI_SAME:
		*result = old->value[number];
		return old->known >> number & 1;
	case CFI_UNDEFINED: return 0;
	case CFI_IS: *result = at; return 1;
	case CFI_REGISTER:
		if (value < 0 || value >= CFI_REGISTERS)
			return 0;
		*result = old->value[value];
		return old->known >> value & 1;
	case CFI_VAL_EXPR:
		return evaluate_numbers(source, value, old, reader, cfa, result) ? -1 : 1;
	case CFI_EXPR:
		if (evaluate_numbers(source, value, old, reader, cfa, &at))
			return -1;
		break;
	default: break;
	}
	return reader->word(reader, at, result) ? -1 : 1;
}

int cfi_leave(const struct cfi_source *source, struct cfi_registers *registers,
	      struct cfi_work *work, struct cfi_reader *reader)
{
	const struct cfi_row *row = &work->row;
	struct cfi_registers old = *registers;
	uint64_t cfa;
	int found = cfi_find_row(source, old.value[CFI_REG_RA], (int)old.is_exact, work);

	if (found <= 0)
		return found ? 0 : -1;
	if (row->cfa_how == CFI_EXPR) {
		if (evaluate_numbers(source, row->cfa_offset, &old, reader, 0, &cfa))
			return 0;
	} else if (row->cfa_register < CFI_REGISTERS && old.known >> row->cfa_register & 1) {
		cfa = old.value[row->cfa_register] + (uint64_t)row->cfa_offset;
	} else {
		return 0;
	}
	registers->known = 0;
	for (unsigned i = 0; i < CFI_REGISTERS; i++) {
		unsigned from = i == CFI_REG_RA ? row->return_column : i;
		int known = from < CFI_REGISTERS
				    ? leave_register(source, row, from, &old, cfa, reader,
						     &registers->value[i])
				    : 0;

		if (known < 0 && (i == CFI_REG_RA || i == CFI_REG_RBP))
			return 0;
		registers->known |= (uint32_t)(known > 0) << i;
	}
	registers->value[CFI_REG_RSP] = cfa;
	registers->known |= 1u << CFI_REG_RSP;
	registers->is_exact = row->is_signal;
	return (registers->known >> CFI_REG_RA & 1) && (registers->known >> CFI_REG_RBP & 1);
}
