/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_ELF_SYMBOLS_H
#define LEAKSHIM_ELF_SYMBOLS_H
/*
 * The symbol tables of an object file, symbol after symbol.
 */
#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>

/* Begin with {.elf = ..., .kind = ...}; the rest is the walk's own. */
struct elf_symbols {
	Elf *elf;
	GElf_Word kind; /* SHT_DYNSYM, SHT_SYMTAB, SHT_NULL: both */
	Elf_Scn *section;
	Elf_Data *data;
	size_t strings, next, count;
};

/* *name: belongs to the file, 0 if it says none. Returns false after the last one, once. */
bool elf_symbols_next(struct elf_symbols *walk, GElf_Sym *symbol, const char **name);
#endif
