/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_IMAGE_PRIVATE_H
#define LEAKSHIM_IMAGE_PRIVATE_H
/*
 * Shared by image.c (symbol tables) and those of debug information (image_lines.c, image_types.c,
 * image_pointers.c, image_inlined.c).
 */
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include "image.h"

struct symbol {
	uint64_t start, size;
	const char *name; /* lies in the mapped file */
	bool is_exported;
};

/* A piece of code and the DIE that describes it; sorted by start. */
struct span {
	uint64_t start, end; /* addresses as the debug file has them */
	Dwarf_Off die;
	uint32_t unit;
};

struct unit {
	Dwarf_Die die;
	struct span *functions; /* 0 until asked for */
	uint32_t function_count;
};

struct image {
	struct pool *pool;
	const struct module *module;
	enum image_state state;
	int error; /* of opening it, 0: it was opened, and is no file of this kind */
	Dwfl *dwfl;
	Dwfl_Module *mod;
	uint64_t elf_bias; /* dwfl's addresses minus the file's own */

	bool has_cfi;
	Dwarf_CFI *cfi; /* the file's .eh_frame */

	bool has_symbols;
	struct symbol *symbols;
	size_t symbol_count;

	bool has_units;
	Dwarf *dwarf;
	uint64_t dwarf_bias;
	struct unit *units;
	uint32_t unit_count;
	struct span *spans; /* of units */
	uint32_t span_count;
	struct image_type *types; /* image_pointers.c */
	uint32_t type_count;
};

void image_lines_close(struct image *image);

/* Fills in the units, once. */
void image_load_units(struct image *image);

/* The function around an address. */
bool image_function_die(struct image *image, uint64_t address, Dwarf_Die *function);

/* Calls `use` with each function that a unit describes, in name spaces and types too. */
void image_each_function(Dwarf_Die *unit, void (*use)(void *data, Dwarf_Die *function), void *data);
#endif
