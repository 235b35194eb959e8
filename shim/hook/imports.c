/* SPDX-License-Identifier: MIT */
#include "imports.h"

#include <string.h>

#include "poke.h"
#include "rules.h"

struct tables {
	uintptr_t bias;
	const Elf64_Sym *symbols;
	const char *strings;
	const Elf64_Rela *relocations[2]; /* of data, of calls */
	uint64_t sizes[2];
};

/* The loader turns most of these values into addresses in place. */
static uintptr_t pointer(uintptr_t bias, uint64_t value)
{
	return value < bias ? bias + value : value;
}

static int read_tables(struct tables *t, const struct link_map *map)
{
	memset(t, 0, sizeof *t);
	t->bias = map->l_addr;
	for (const Elf64_Dyn *d = map->l_ld; d && d->d_tag != DT_NULL; d++)
		switch (d->d_tag) {
		case DT_SYMTAB:
			t->symbols = (const Elf64_Sym *)pointer(t->bias, d->d_un.d_ptr);
			break;
		case DT_STRTAB:
			t->strings = (const char *)pointer(t->bias, d->d_un.d_ptr);
			break;
		case DT_RELA:
			t->relocations[0] = (const Elf64_Rela *)pointer(t->bias, d->d_un.d_ptr);
			break;
		case DT_RELASZ:
			t->sizes[0] = d->d_un.d_val;
			break;
		case DT_JMPREL:
			t->relocations[1] = (const Elf64_Rela *)pointer(t->bias, d->d_un.d_ptr);
			break;
		case DT_PLTRELSZ:
			t->sizes[1] = d->d_un.d_val;
			break;
		}
	return t->symbols && t->strings ? 0 : -1;
}

static int is_named(const struct tables *t, uint32_t symbol, const struct imports_lead *lead)
{
	const char *name = t->strings + t->symbols[symbol].st_name;

	return strncmp(name, lead->name, lead->length) == 0 && name[lead->length] == 0;
}

/* A call that was not made yet goes through code of its own module, which asks the loader. */
static int is_unresolved(const struct tables *t, const Elf64_Rela *r, uintptr_t value)
{
	uint32_t symbol = (uint32_t)ELF64_R_SYM(r->r_info);
	uintptr_t here = t->bias + r->r_offset;
	uint64_t away = value < here ? here - value : value - here;

	return ELF64_R_TYPE(r->r_info) == R_X86_64_JUMP_SLOT && t->symbols[symbol].st_shndx == SHN_UNDEF &&
	       away < 1ull << 31 && value >= t->bias;
}

uint32_t imports_lead(const struct link_map *map, const struct imports_lead *lead)
{
	struct tables t;
	uint32_t written = 0;

	if (read_tables(&t, map))
		return 0;
	for (unsigned kind = 0; kind < 2; kind++)
		for (uint64_t i = 0; t.relocations[kind] && i < t.sizes[kind] / sizeof(Elf64_Rela); i++) {
			const Elf64_Rela *r = &t.relocations[kind][i];
			uint32_t type = (uint32_t)ELF64_R_TYPE(r->r_info);
			uintptr_t value;

			if ((type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT) ||
			    !is_named(&t, (uint32_t)ELF64_R_SYM(r->r_info), lead) ||
			    poke_read(t.bias + r->r_offset, &value, sizeof value))
				continue;
			if (value != lead->from && !is_unresolved(&t, r, value))
				continue;
			written += poke_write(t.bias + r->r_offset, &lead->to, sizeof lead->to) == 0;
		}
	return written;
}

/* Returns how many it wrote: the symbol, once, and the word of this relocation. */
static uint32_t bind_one(const struct tables *t, const Elf64_Rela *r, void *(*own)(const char *name, void **next))
{
	const Elf64_Sym *symbol = &t->symbols[ELF64_R_SYM(r->r_info)];
	uintptr_t word;
	uint32_t written = 0;
	void *next = 0;

	if (symbol == t->symbols || symbol->st_shndx != SHN_UNDEF)
		return 0;
	void *to = own(t->strings + symbol->st_name, &next);
	if (!to)
		return 0;
	if (ELF64_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT) {
		Elf64_Sym copy = *symbol;

		copy.st_value = (uintptr_t)to - t->bias;
		copy.st_other = STV_HIDDEN;
		written += poke_write((uintptr_t)symbol, &copy, sizeof copy) == 0;
	}
	if (next && !poke_read(t->bias + r->r_offset, &word, sizeof word) && word == (uintptr_t)next)
		written += poke_write(t->bias + r->r_offset, &to, sizeof to) == 0;
	return written;
}

uint32_t imports_bind(const struct link_map *map, void *(*own)(const char *name, void **next))
{
	struct tables t;
	uint32_t written = 0;

	if (read_tables(&t, map))
		return 0;
	for (unsigned kind = 0; kind < 2; kind++)
		for (uint64_t i = 0; t.relocations[kind] && i < t.sizes[kind] / sizeof(Elf64_Rela); i++)
			written += bind_one(&t, &t.relocations[kind][i], own);
	return written;
}

int imports_publish(const Elf64_Sym *symbol, uintptr_t bias, uintptr_t to)
{
	Elf64_Sym copy = *symbol;

	copy.st_value = to - bias;
	copy.st_info = (unsigned char)ELF64_ST_INFO(ELF64_ST_BIND(symbol->st_info), STT_FUNC);
	return poke_write((uintptr_t)symbol, &copy, sizeof copy);
}
