/* SPDX-License-Identifier: MIT */
#include "elf_symbols.h"

#include <limits.h>

static bool is_wanted(const struct elf_symbols *walk, const GElf_Shdr *header)
{
	bool is_table = header->sh_type == SHT_DYNSYM || header->sh_type == SHT_SYMTAB;

	return is_table && header->sh_entsize && (walk->kind == SHT_NULL || walk->kind == header->sh_type);
}

static bool next_table(struct elf_symbols *walk)
{
	GElf_Shdr header;

	while ((walk->section = elf_nextscn(walk->elf, walk->section))) {
		if (!gelf_getshdr(walk->section, &header) || !is_wanted(walk, &header))
			continue;
		walk->data = elf_getdata(walk->section, NULL);
		walk->strings = header.sh_link;
		walk->count = header.sh_size / header.sh_entsize;
		walk->next = 1; /* the first one stands for none */
		if (walk->data)
			return true;
	}
	return false;
}

bool elf_symbols_next(struct elf_symbols *walk, GElf_Sym *symbol, const char **name)
{
	while (walk->next >= walk->count || walk->next >= INT_MAX || !gelf_getsym(walk->data, (int)walk->next++, symbol)) {
		if (!next_table(walk))
			return false;
	}
	*name = elf_strptr(walk->elf, walk->strings, symbol->st_name);
	return true;
}
