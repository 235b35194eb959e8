/* SPDX-License-Identifier: MIT */
/* Where exceptions land: see landing.h. */
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "landing.h"
#include "pool.h"

struct range {
	uint64_t start, end, table; /* table 0: none */
};

struct landing {
	struct range *ranges; /* by start */
	size_t count, room;
	const unsigned char *frames, *tables;
	uint64_t frames_at, frames_size, tables_at, tables_size;
};

/* Bytes of a section, and where they are read. */
struct bytes {
	const unsigned char *at, *end;
	uint64_t address; /* of `at` */
	bool is_bad;
};

static uint64_t fixed(struct bytes *b, unsigned size)
{
	uint64_t n = 0;

	if ((size_t)(b->end - b->at) < size) {
		b->is_bad = true;
		return 0;
	}
	memcpy(&n, b->at, size);
	b->at += size;
	b->address += size;
	return n;
}

static uint64_t uleb(struct bytes *b)
{
	uint64_t n = 0;
	unsigned shift = 0;
	uint64_t byte;

	do {
		byte = fixed(b, 1);
		if (shift < 64)
			n |= (byte & 127) << shift;
		shift += 7;
	} while (byte & 128 && !b->is_bad);
	return n;
}

/* A pointer as its encoding says; 0 where that needs more than a file. */
static uint64_t encoded(struct bytes *b, unsigned encoding)
{
	uint64_t at = b->address, n;

	if (encoding == DW_EH_PE_omit)
		return 0;
	switch (encoding & 15) {
	case DW_EH_PE_absptr:
	case DW_EH_PE_udata8:
	case DW_EH_PE_sdata8: n = fixed(b, 8); break;
	case DW_EH_PE_udata4: n = fixed(b, 4); break;
	case DW_EH_PE_sdata4: n = (uint64_t)(int64_t)(int32_t)fixed(b, 4); break;
	case DW_EH_PE_udata2: n = fixed(b, 2); break;
	case DW_EH_PE_sdata2: n = (uint64_t)(int64_t)(int16_t)fixed(b, 2); break;
	case DW_EH_PE_uleb128: n = uleb(b); break;
	default: b->is_bad = true; return 0;
	}
	if (!n)
		return 0;
	return (encoding & 0x70) == DW_EH_PE_pcrel ? at + n : n;
}

/* Encodings of pointers in the entries of a CIE. */
struct encodings {
	unsigned pointer, table;
	bool has_table;
};

static struct encodings encodings_of(const Dwarf_CIE *cie)
{
	struct encodings e = { DW_EH_PE_absptr, DW_EH_PE_omit, false };
	struct bytes b = { cie->augmentation_data, cie->augmentation_data + cie->augmentation_data_size, 0, false };

	for (const char *a = cie->augmentation; a && *a && !b.is_bad; a++) {
		if (*a == 'R') {
			e.pointer = (unsigned)fixed(&b, 1);
		} else if (*a == 'L') {
			e.table = (unsigned)fixed(&b, 1);
			e.has_table = true;
		} else if (*a == 'P') {
			unsigned of = (unsigned)fixed(&b, 1);

			encoded(&b, of & 15);
		}
	}
	return e;
}

static void add(struct landing *l, struct range r)
{
	if (l->count == l->room) {
		l->room = l->room ? l->room * 2 : 256;
		l->ranges = pool_regrow(l->ranges, l->room, sizeof(*l->ranges));
	}
	l->ranges[l->count++] = r;
}

static void read_entry(struct landing *l, const Dwarf_FDE *fde, const struct encodings *e)
{
	struct bytes b = { fde->start, fde->end, l->frames_at + (uint64_t)(fde->start - l->frames), false };
	struct range r = { 0 };

	r.start = encoded(&b, e->pointer);
	r.end = r.start + encoded(&b, e->pointer & 15);
	uleb(&b); /* length of what follows */
	if (e->has_table)
		r.table = encoded(&b, e->table & 0x7f);
	if (!b.is_bad && r.end > r.start)
		add(l, r);
}

static int by_start(const void *left, const void *right)
{
	const struct range *a = left, *b = right;

	return a->start < b->start ? -1 : a->start > b->start;
}

static void read_frames(struct landing *l, Elf *elf, Elf_Data *data)
{
	const unsigned char *ident = (const unsigned char *)elf_getident(elf, NULL);
	Dwarf_Off at = 0, next;
	Dwarf_CFI_Entry entry;

	for (; !dwarf_next_cfi(ident, data, true, at, &next, &entry); at = next) {
		Dwarf_CFI_Entry of;
		Dwarf_Off after;
		struct encodings e;

		if (dwarf_cfi_cie_p(&entry) || dwarf_next_cfi(ident, data, true, entry.fde.CIE_pointer, &after, &of) ||
		    !dwarf_cfi_cie_p(&of))
			continue;
		e = encodings_of(&of.cie);
		read_entry(l, &entry.fde, &e);
	}
	if (l->count)
		qsort(l->ranges, l->count, sizeof(*l->ranges), by_start);
}

struct landing *landing_open(Elf *elf)
{
	struct landing *l = pool_regrow(NULL, 1, sizeof(*l));
	size_t names;
	Elf_Data *frames = NULL;

	memset(l, 0, sizeof(*l));
	if (!elf || elf_getshdrstrndx(elf, &names))
		return l;
	for (Elf_Scn *s = elf_nextscn(elf, NULL); s; s = elf_nextscn(elf, s)) {
		GElf_Shdr head;
		const char *name = gelf_getshdr(s, &head) ? elf_strptr(elf, names, head.sh_name) : NULL;
		Elf_Data *data = name && head.sh_type != SHT_NOBITS ? elf_rawdata(s, NULL) : NULL;

		if (!data || !data->d_buf)
			continue;
		if (!strcmp(name, ".eh_frame")) {
			frames = data;
			l->frames = data->d_buf;
			l->frames_at = head.sh_addr;
			l->frames_size = data->d_size;
		} else if (!strcmp(name, ".gcc_except_table")) {
			l->tables = data->d_buf;
			l->tables_at = head.sh_addr;
			l->tables_size = data->d_size;
		}
	}
	if (frames && l->tables)
		read_frames(l, elf, frames);
	return l;
}

void landing_close(struct landing *l)
{
	free(l->ranges);
	free(l);
}

static const struct range *range_of(const struct landing *l, uint64_t address)
{
	size_t low = 0, high = l->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (l->ranges[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low && address < l->ranges[low - 1].end ? &l->ranges[low - 1] : NULL;
}

enum landing_answer landing_find(struct landing *l, uint64_t address, uint64_t *pad)
{
	const struct range *r = range_of(l, address);
	struct bytes b;
	unsigned encoding;
	uint64_t base, left;

	if (!r || !r->table || r->table < l->tables_at || r->table - l->tables_at >= l->tables_size)
		return LANDING_UNKNOWN;
	b = (struct bytes){ l->tables + (r->table - l->tables_at), l->tables + l->tables_size, r->table, false };
	encoding = (unsigned)fixed(&b, 1);
	base = encoding == DW_EH_PE_omit ? r->start : encoded(&b, encoding);
	if (fixed(&b, 1) != DW_EH_PE_omit)
		uleb(&b);
	encoding = (unsigned)fixed(&b, 1);
	left = uleb(&b);
	if (!b.is_bad && left < (uint64_t)(b.end - b.at))
		b.end = b.at + left;
	while (b.at < b.end && !b.is_bad) {
		uint64_t start = encoded(&b, encoding & 15), length = encoded(&b, encoding & 15), to = encoded(&b, encoding & 15);

		uleb(&b); /* what it does */
		if (b.is_bad || address < r->start + start)
			break;
		if (address >= r->start + start + length)
			continue;
		*pad = base + to;
		return to ? LANDING_PAD : LANDING_PASSES;
	}
	return b.is_bad ? LANDING_UNKNOWN : LANDING_NONE;
}
