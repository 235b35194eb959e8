/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_EXPORTS_H
#define LEAKSHIM_EXPORTS_H
/*
 * The functions that a loaded module defines, by name.
 *
 * Reads the module's own tables in memory; for the program's executable also .symtab in its
 * file, so that functions it does not export can be named too.
 *
 * Context: constructor or r_brk, between poke_begin and poke_end; no libc, no allocation.
 */
#include <elf.h>
#include <link.h>
#include <stdint.h>

#define EXPORTS_RANGES 4u

struct exports {
	uintptr_t bias;
	uintptr_t low[EXPORTS_RANGES], high[EXPORTS_RANGES]; /* executable memory, whole pages */
	uint32_t ranges;
	const char *name; /* soname, else the last part of the path; "" if there is none */
	int has_text_relocations;
	int is_program;
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *gnu_hash, *hash;
	const void *file; /* the executable's file, mapped while it is looked at */
	uint64_t file_size;
};

struct exports_function {
	uintptr_t address;
	uint64_t size;
	int is_indirect; /* STT_GNU_IFUNC */
	const Elf64_Sym *symbol; /* in the module's memory; 0: known from its file only */
	const char *name;	 /* the linker's; lives as long as the module and `exports` do */
};

/* A defined function and its name. `is_file`: both lie in the executable's file. */
typedef void exports_visitor(void *context, const Elf64_Sym *symbol, const char *name, int is_file);

/* Fills `e` for a loaded module. Returns 0, or -1 if it cannot be read. */
int exports_open(struct exports *e, const struct link_map *map, int is_program);
void exports_close(struct exports *e);

/* Puts up to `most` definitions of a name (versions, copies) into `found`. Returns their number. */
uint32_t exports_find(struct exports *e, const char *name, uint32_t length,
		      struct exports_function *found, uint32_t most);

/* Visits all functions that are known, some twice. */
void exports_each(struct exports *e, exports_visitor *visit, void *context);

/* Adds what a visitor was shown to the `count` there are, unless its address is there already. Returns the new number. */
uint32_t exports_add(const struct exports *e, const Elf64_Sym *symbol, const char *name, int is_file,
		     struct exports_function *found, uint32_t count, uint32_t most);

/* How far it is from `address` to the next function that has a name, or to the end of the memory at `high`. */
uint64_t exports_room(struct exports *e, uintptr_t address, uintptr_t high);

/* The executable range that `address` lies in. Returns 0, or -1. */
int exports_range(const struct exports *e, uintptr_t address, uintptr_t *low, uintptr_t *high);
#endif
