/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_IMAGE_H
#define LEAKSHIM_IMAGE_H
/*
 * One object file on disk, with its debug file if there is one: its functions, source
 * lines and inlined calls. Addresses are virtual addresses of the file itself.
 */
#include "model.h"

struct image;

enum image_state {
	IMAGE_GOOD,
	IMAGE_GONE,    /* no such file, or it cannot be read: image_error */
	IMAGE_CHANGED, /* another build-id than the one traced, or without one, other code */
	IMAGE_NAMELESS /* never was a file: vdso, deleted names */
};

/* Never 0; ask image_state. */
struct image *image_open(struct pool *p, const struct module *module);
enum image_state image_state(const struct image *image);

/* Why one that is IMAGE_GONE was not read: "is gone", "cannot be opened: ...". */
const char *image_error(const struct image *image);
void image_close(struct image *image);

/* Linker name of the function around an address, 0 if none is known. `exported`: only of
 * functions that other files can call, whose names survive stripping. */
const char *image_symbol(struct image *image, uint64_t address, bool exported);

/* Linker name of the imported function that the call before an address calls, 0 if the
 * instruction there is no such call. */
const char *image_import(struct image *image, uint64_t address);

/* Linker name of the import behind an entry of the PLT, and behind a slot of the GOT; 0: it is none. */
const char *image_stub(struct image *image, uint64_t entry);
const char *image_slot(struct image *image, uint64_t slot);

/* May a call return to this address? Also true where that cannot be told. */
bool image_returns_to(struct image *image, uint64_t address);

/* It was found to be another file than the one traced. */
void image_disown(struct image *image);

/* The file itself, 0: it cannot be read. An Elf of libelf. */
void *image_elf(struct image *image);

/* Bytes at an address, 0: none; *most: how many there are. */
const unsigned char *image_bytes(struct image *image, uint64_t address, uint64_t *most);

/* The piece of code around an address that belongs together: a function, or what the compiler split off one. */
bool image_bounds(struct image *image, uint64_t address, uint64_t *start, uint64_t *end);

/* Address of an exported function, 0: it has none of that name. */
uint64_t image_export(struct image *image, const char *name);

/* The first function whose linker name is what is asked for, 0 if there is none. */
uint64_t image_find(struct image *image, bool (*is_it)(void *to, const char *name), void *to);

/* Linker name of the variable around an address, 0 if none is known; *start: its address. */
const char *image_variable(struct image *image, uint64_t address, uint64_t *start);

/* The nearest line after `line` in the same file that some code in [address, end) belongs to, also code of no length; 0. */
unsigned image_line_after(struct image *image, uint64_t address, uint64_t end, unsigned line);

/* The last line but one, from `line` on and in its file, that some code in [start, end) belongs to: of a whole function that is
 * its last statement, as its end has a line of its own; 0. */
unsigned image_line_last(struct image *image, uint64_t start, uint64_t end, unsigned line);

/* Does a function return nothing, as its debug information says? */
bool image_is_void(struct image *image, uint64_t address);

/* Does the file say how to leave the frame at an address? Also true where the file cannot tell. */
bool image_unwinds(struct image *image, uint64_t address);

/* Fills up to `max` frames, innermost first; the last one is the function itself. Returns
 * how many; 0 without debug information for this address. */
unsigned image_frames(struct image *image, uint64_t address, struct frame *frames, unsigned max);

/* Where a variable is declared, and its type: a place in the debug information, 0: not known. */
struct image_variable {
	const char *file; /* 0: not known */
	unsigned line;
	uint64_t type;
};

/* variable: where it begins. Returns false if no debug information knows it. */
bool image_declared(struct image *image, uint64_t variable, struct image_variable *v);

/* What lies at an offset in something of a type: "struct session.next", "" for all of it, 0: not known. *pointee becomes
 * the type of what a pointer there leads to, 0: it is none, or that is not known. */
const char *image_field(struct pool *p, struct image *image, uint64_t type, uint64_t offset, uint64_t *pointee);

/* A variable of a function that is a pointer, or a structure, while code in [start, end) runs. */
struct image_pointer {
	uint64_t start, end;
	uint64_t leads_to; /* number of a type; of a structure (is_itself) its own */
	uint64_t size;
	int64_t at;	   /* in memory: distance from where the register points */
	uint8_t reg;	   /* as the processor counts them */
	bool in_register, is_itself;
	bool is_of_caller; /* in memory: from where the caller's frame begins, behind the return address */
};

/* Returns how many. */
unsigned image_pointers(struct image *image, uint64_t function, struct image_pointer *list, unsigned max);

/* The type of what the pointer leads to that a function gives back; 0: it gives none, or that is not known. */
uint64_t image_result(struct image *image, uint64_t function);

/* A member that is a pointer, in the innermost structure that has it. */
struct image_member {
	uint64_t in, offset; /* of an array of pointers that is no member: what they lead to and IMAGE_POINTERS, 0 */
	uint64_t leads_to;   /* 0: to anything, or it is no pointer */
	bool is_pointer, to_structure;
	bool is_several;  /* an array of pointers */
	bool is_in_array; /* of structures: which of their members it is depends on the index as well */
};
#define IMAGE_POINTERS (1ull << 63)

/* How large a structure is; 0: it is none. */
uint64_t image_size(struct image *image, uint64_t type);

/* What an offset in something of a type belongs to. */
bool image_member(struct image *image, uint64_t type, uint64_t offset, struct image_member *m);

/* All pointers in something of a type. Returns how many. */
unsigned image_members(struct image *image, uint64_t type, struct image_member *list, unsigned max);

/* Into how many places the compiler put each of some functions, by their linker names: places[i]. */
void image_inlined(struct image *image, const char *const *names, unsigned *places, unsigned count);

/* What of its debug information was asked for and could not be read, 0: nothing. */
const char *image_unread(struct image *image);
#endif
