/* SPDX-License-Identifier: MIT */
/*
 * Finds the frame description of a pc and runs its program up to there.
 */
#include "cfi_bytes.h"
#include "rules.h"

#define POINTER_OMITTED 0xff
#define TABLE_ENCODING 0x3b /* sdata4, relative to the header */

struct description {
	struct cfi_bytes program, initial;
	uint64_t start, size;
	uint64_t code_align;
	int64_t data_align;
	uint8_t encoding, return_column, is_signal, is_sized;
};

/* Head of a CIE or FDE: cuts the range to it. Returns its id field's address, 0: none. */
static uintptr_t entry_open(struct cfi_bytes *b, uint64_t *id)
{
	uint64_t length = bytes_unsigned(b, 4);
	uintptr_t place;

	if (length == 0xffffffff)
		length = bytes_unsigned(b, 8);
	if (!length || b->is_bad)
		return 0;
	bytes_cut(b, length);
	place = (uintptr_t)b->at;
	*id = bytes_unsigned(b, 4); /* 4 bytes also in long entries of .eh_frame on x86_64 */
	return b->is_bad ? 0 : place;
}

/* The letters of an augmentation string that we know; -1: another one without a size. */
static int cie_augmentation(struct cfi_bytes *b, const char *letters, struct description *d,
			    const struct cfi_source *source)
{
	struct cfi_bytes inner;

	d->is_sized = letters[0] == 'z';
	if (d->is_sized) {
		uint64_t size = bytes_uleb(b);

		inner = *b;
		bytes_cut(&inner, size);
		bytes_skip(b, size);
		letters++;
	} else {
		inner = *b;
	}
	for (; *letters && !inner.is_bad; letters++) {
		unsigned encoding;

		switch (*letters) {
		case 'L': bytes_unsigned(&inner, 1); break;
		case 'R': d->encoding = (uint8_t)bytes_unsigned(&inner, 1); break;
		case 'S': d->is_signal = 1; break;
		case 'B': break;
		case 'P':
			encoding = (unsigned)bytes_unsigned(&inner, 1);
			bytes_pointer(&inner, encoding & 0x0f, source->header);
			break;
		default:
			return d->is_sized ? 0 : -1;
		}
	}
	if (!d->is_sized)
		*b = inner;
	return inner.is_bad ? -1 : 0;
}

static int cie_read(const struct cfi_source *source, uintptr_t address, struct description *d)
{
	struct cfi_bytes b = bytes_open(source, address);
	const char *letters;
	uint64_t id, version;

	if (!entry_open(&b, &id) || id)
		return -1;
	version = bytes_unsigned(&b, 1);
	letters = (const char *)b.at;
	while (bytes_unsigned(&b, 1))
		;
	if (b.is_bad || (version != 1 && version != 3 && version != 4))
		return -1;
	if (version == 4)
		bytes_skip(&b, 2);
	d->code_align = bytes_uleb(&b);
	d->data_align = bytes_sleb(&b);
	d->return_column = (uint8_t)(version == 1 ? bytes_unsigned(&b, 1) : bytes_uleb(&b));
	d->encoding = 0;
	d->is_signal = 0;
	if (cie_augmentation(&b, letters, d, source) < 0 || b.is_bad)
		return -1;
	d->initial = b;
	return 0;
}

/* 1: covers pc, 0: does not (or is a CIE), -1: damaged. *next: the following entry. */
static int fde_read(const struct cfi_source *source, uintptr_t address, uintptr_t pc,
		    struct description *d, uintptr_t *next)
{
	struct cfi_bytes b = bytes_open(source, address);
	uint64_t id;
	uintptr_t place = entry_open(&b, &id);

	if (!place)
		return -1;
	*next = (uintptr_t)b.end;
	if (!id)
		return 0;
	if (cie_read(source, place - id, d) < 0)
		return -1;
	d->start = bytes_pointer(&b, d->encoding, source->header);
	d->size = bytes_pointer(&b, d->encoding & 0x0f, 0);
	if (d->is_sized)
		bytes_skip(&b, bytes_uleb(&b));
	if (b.is_bad)
		return -1;
	d->program = b;
	return pc - d->start < d->size;
}

/* Searches the sorted table of the header. Entries are two 32-bit offsets from the header. */
static uintptr_t table_find(const struct cfi_source *source, struct cfi_bytes table,
			    uint64_t count, uintptr_t pc)
{
	int64_t wanted = (int64_t)(pc - source->header);
	const unsigned char *base = table.at;
	uint64_t low = 0, high = count;
	int32_t entry[2];

	if (count > (uint64_t)(table.end - table.at) / sizeof(entry))
		return 0;
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		memcpy(entry, base + middle * sizeof(entry), sizeof(entry));
		if (wanted < entry[0])
			high = middle;
		else
			low = middle + 1;
	}
	if (!low)
		return 0;
	memcpy(entry, base + (low - 1) * sizeof(entry), sizeof(entry));
	return source->header + (uintptr_t)(intptr_t)entry[1];
}

/* A header without a usable table: looks at one entry after the other. */
static int section_find(const struct cfi_source *source, uintptr_t section, uintptr_t pc,
			struct description *d)
{
	for (;;) {
		uintptr_t next = 0;
		int found = fde_read(source, section, pc, d, &next);

		if (found > 0)
			return 1;
		if (next <= section)
			return 0;
		section = next;
	}
}

static int description_find(const struct cfi_source *source, uintptr_t pc, struct description *d)
{
	struct cfi_bytes b = bytes_open(source, source->header);
	uint64_t version = bytes_unsigned(&b, 1);
	unsigned section_encoding = (unsigned)bytes_unsigned(&b, 1);
	unsigned count_encoding = (unsigned)bytes_unsigned(&b, 1);
	unsigned table_encoding = (unsigned)bytes_unsigned(&b, 1);
	uintptr_t section, fde, next;
	uint64_t count;

	if (b.is_bad || version != 1 || section_encoding == POINTER_OMITTED)
		return 0;
	section = bytes_pointer(&b, section_encoding, source->header);
	if (table_encoding != TABLE_ENCODING || count_encoding == POINTER_OMITTED)
		return b.is_bad ? 0 : section_find(source, section, pc, d);
	count = bytes_pointer(&b, count_encoding, source->header);
	if (b.is_bad)
		return 0;
	fde = table_find(source, b, count, pc);
	return fde ? fde_read(source, fde, pc, d, &next) : 0;
}

static int64_t factored(const struct description *d, uint64_t count)
{
	return (int64_t)(count * (uint64_t)d->data_align);
}

/* Sets a register of the row; numbers that we do not follow (xmm0 and up) pass. */
static void row_set(struct cfi_row *row, uint64_t number, enum cfi_how how, int64_t value)
{
	if (number >= CFI_REGISTERS)
		return;
	row->how[number] = (uint8_t)how;
	row->value[number] = (int32_t)value;
	if (value != (int32_t)value)
		row->how[number] = CFI_UNDEFINED;
}

static void row_restore(struct cfi_work *work, uint64_t number)
{
	if (number >= CFI_REGISTERS)
		return;
	work->row.how[number] = work->initial.how[number];
	work->row.value[number] = work->initial.value[number];
}

static void row_cfa(struct cfi_row *row, uint64_t number, int64_t offset)
{
	row->cfa_how = CFI_REGISTER;
	row->cfa_register = number < CFI_REGISTERS ? (uint8_t)number : CFI_REGISTERS;
	row->cfa_offset = offset;
}

/* Place of an expression, counted from the header; skips it. */
static int64_t expression_place(struct cfi_bytes *b, const struct cfi_source *source)
{
	int64_t place = (int64_t)((uintptr_t)b->at - source->header);

	bytes_skip(b, bytes_uleb(b));
	return place;
}

/* The instructions whose number is in the low six bits. 0 on success. */
static int program_extended(const struct cfi_source *source, const struct description *d,
			    struct cfi_bytes *b, unsigned op, struct cfi_work *work,
			    unsigned *nest)
{
	struct cfi_row *row = &work->row;
	uint64_t number = 0;

	if ((op >= 0x05 && op <= 0x09) || (op >= 0x0c && op <= 0x0d) ||
	    (op >= 0x10 && op <= 0x12) || (op >= 0x14 && op <= 0x16) || op == 0x2f)
		number = bytes_uleb(b);
	switch (op) {
	case 0x00: return 0;                                                  /* nop */
	case 0x05: row_set(row, number, CFI_AT, factored(d, bytes_uleb(b))); return 0;
	case 0x06: row_restore(work, number); return 0;                       /* restore_extended */
	case 0x07: row_set(row, number, CFI_UNDEFINED, 0); return 0;
	case 0x08: row_set(row, number, CFI_SAME, 0); return 0;
	case 0x09: row_set(row, number, CFI_REGISTER, (int64_t)bytes_uleb(b)); return 0;
	case 0x0a:                                                            /* remember_state */
		if (*nest == CFI_NEST)
			return -1;
		work->saved[(*nest)++] = *row;
		return 0;
	case 0x0b:                                                            /* restore_state */
		if (!*nest)
			return -1;
		*row = work->saved[--*nest];
		return 0;
	case 0x0c: row_cfa(row, number, (int64_t)bytes_uleb(b)); return 0;     /* def_cfa */
	case 0x0d: row_cfa(row, number, row->cfa_offset); return 0;            /* ..._register */
	case 0x0e: row->cfa_offset = (int64_t)bytes_uleb(b); return 0;         /* ..._offset */
	case 0x0f:                                                            /* ..._expression */
		row->cfa_how = CFI_EXPR;
		row->cfa_offset = expression_place(b, source);
		return 0;
	case 0x10: row_set(row, number, CFI_EXPR, expression_place(b, source)); return 0;
	case 0x11: row_set(row, number, CFI_AT, factored(d, (uint64_t)bytes_sleb(b))); return 0;
	case 0x12: row_cfa(row, number, factored(d, (uint64_t)bytes_sleb(b))); return 0;
	case 0x13: row->cfa_offset = factored(d, (uint64_t)bytes_sleb(b)); return 0;
	case 0x14: row_set(row, number, CFI_IS, factored(d, bytes_uleb(b))); return 0;
	case 0x15: row_set(row, number, CFI_IS, factored(d, (uint64_t)bytes_sleb(b))); return 0;
	case 0x16: row_set(row, number, CFI_VAL_EXPR, expression_place(b, source)); return 0;
	case 0x2e: bytes_uleb(b); return 0;                                   /* GNU_args_size */
	case 0x2f: row_set(row, number, CFI_AT, factored(d, 0 - bytes_uleb(b))); return 0;
	default: return -1;
	}
}

/* Runs instructions until the location passes `pc`. 0 on success. */
static int program_run(const struct cfi_source *source, const struct description *d,
		       struct cfi_bytes b, uintptr_t pc, struct cfi_work *work)
{
	uintptr_t location = d->start;
	unsigned nest = 0;

	while (b.at < b.end && location <= pc) {
		unsigned op = (unsigned)bytes_unsigned(&b, 1);
		unsigned low = op & 0x3f;

		switch (op >> 6) {
		case 1: location += low * d->code_align; continue;
		case 2: row_set(&work->row, low, CFI_AT, factored(d, bytes_uleb(&b))); break;
		case 3: row_restore(work, low); break;
		default:
			if (low == 0x01)
				location = bytes_pointer(&b, d->encoding, source->header);
			else if (low >= 0x02 && low <= 0x04)
				location += bytes_unsigned(&b, 1u << (low - 2)) * d->code_align;
			else if (program_extended(source, d, &b, low, work, &nest))
				return -1;
		}
		if (b.is_bad)
			return -1;
	}
	return 0;
}

int cfi_find_row(const struct cfi_source *source, uintptr_t pc, int is_exact,
		 struct cfi_work *work)
{
	struct description d;
	uintptr_t at = is_exact ? pc : pc - 1;
	int found;

	if (!source->header)
		return 0;
	found = description_find(source, at, &d);
	if (found <= 0)
		return found;
	memset(&work->row, 0, sizeof(work->row));
	work->row.cfa_register = CFI_REGISTERS;
	work->row.cfa_how = CFI_REGISTER;
	if (program_run(source, &d, d.initial, UINTPTR_MAX, work))
		return -1;
	work->initial = work->row;
	if (program_run(source, &d, d.program, at, work))
		return -1;
	work->row.return_column = d.return_column;
	work->row.is_signal = d.is_signal;
	return 1;
}
