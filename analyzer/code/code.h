/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CODE_H
#define LEAKSHIM_CODE_H
/*
 * The code of the traced process as it lay in its memory: addresses are those of the trace, whatever module they
 * belong to. Bytes come from the files, so what the program made or changed itself is not there.
 */
#include "model.h"
#include "landing.h"
#include "symbols.h"

struct code;

struct code *code_open(struct model *m, struct symbols *s);
void code_close(struct code *c);

/* Bytes at an address; 0: there are none. */
const unsigned char *code_bytes(struct code *c, uint64_t address, uint64_t *most);

struct function {
	uint64_t start, end;
	const char *name; /* as a person reads it; 0: not known */
	uint32_t module;
	bool is_system; /* of libc, the loader or the C++ library */
	bool is_part;   /* split off another function by the compiler: has no callers, but jumps that lead there */
};

/* The function around an address. 0: none is known. */
const struct function *code_function(struct code *c, uint64_t address);

/* Linker name of the import behind a PLT entry or a GOT slot at an address; 0. */
const char *code_stub(struct code *c, uint64_t address);
const char *code_slot(struct code *c, uint64_t address);

/* Where a call lands if it throws: see landing.h. `call`: an address in its instruction. */
enum landing_answer code_landing(struct code *c, uint64_t call, uint64_t *pad);

/* Was a function seen to throw, or one that it called in the C++ library? */
bool code_has_thrown(struct code *c, const struct function *f);

/* Does code belong to a library that the system brought along? */
bool code_is_of_library(struct code *c, uint64_t address);

/* Where an import leads, if it is a function of the program or a library that is not the language's; 0. */
uint64_t code_import(struct code *c, const char *name);

/* The destructor of a class, beside a function of it: the class is the first `length` bytes of that one's name. 0: it has none of
 * its own. */
const struct function *code_destructor(struct code *c, const struct function *beside, const char *class, size_t length);

/* Functions that were seen to be called from a place, by its return address. */
unsigned code_callees(struct code *c, uint64_t return_address, uint64_t *callees, unsigned max);

/* Where an address lies in the source; innermost inlined function first. Never 0. */
const struct place *code_place(struct code *c, uint64_t address);

/* See image_line_after. */
unsigned code_line_after(struct code *c, uint64_t address, uint64_t end, unsigned line);

/* The last statement of a function, from a line of its own on; 0. */
unsigned code_line_last(struct code *c, const struct function *f, unsigned line);

const char *code_variable(struct code *c, uint64_t address, uint64_t *offset);
bool code_is_void(struct code *c, const struct function *f);
#endif
