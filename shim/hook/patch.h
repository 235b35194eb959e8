/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PATCH_H
#define LEAKSHIM_PATCH_H
/*
 * Entry patching: the first five bytes of a function become a jump to its cell, which holds
 * the displaced instructions and leads to a thunk (thunk.h). Where there are not five: a short jump to padding behind the
 * function, or a jump that ends in the bytes of what follows.
 *
 * 1. Code is written as poke.h does it.
 * 2. What is doubtful is left alone, with the reason as a text.
 * 3. A cell is complete before the entry leads to it.
 * 4. Bytes that a jump borrows are not patched later: of neighbours, the one behind comes first.
 * 5. Only code that no thread runs yet is patched: before constructors, or when the loader
 *    has just mapped a module.
 *
 * Context: constructor or r_brk, under the lock of the caller, between poke_begin and poke_end.
 */
#include <stddef.h>
#include <stdint.h>

/* A patched function. */
struct patch {
	uintptr_t entry;
	uintptr_t original; /* displaced code in the cell */
	unsigned char *cell;
};

/* What is to be patched. */
struct patch_target {
	uintptr_t entry;
	uint64_t size;	    /* of the function */
	uint64_t room;	    /* from its entry to the next function; 0: not known, and what needs to know it is not done */
	uintptr_t low, high; /* executable memory of its module */
	uint32_t number;    /* goes into the cell, the handler finds it there */
	int through;	    /* the return value is wanted */
};

/* Makes a cell that leads to the thunk and then on to target->entry, and patches nothing: whoever is led to the
 * cell comes through. Returns 0 and fills `patch`, or the reason why not. */
const char *patch_detour(const struct patch_target *target, struct patch *patch);

/* Patches. Returns 0 and fills `patch`, or the reason why not. */
const char *patch_install(const struct patch_target *target, struct patch *patch);

/* Forgets a patch whose module is gone: its cell is free again. */
void patch_forget(const struct patch *patch);

/* The number that was given to the cell that `address` lies in. */
static inline uint32_t patch_number(uint64_t address)
{
	return *(const uint32_t *)((address & ~63ull) + 60);
}

/* How a jump comes to stand at an entry. */
struct patch_plan {
	uint32_t width;	     /* bytes of the entry that are overwritten. 5: a jump to the cell */
	uint32_t padding;    /* 0, or where behind the entry a jump to the cell stands, and `width` is a short jump to it */
	uint32_t displaced;  /* bytes that move, whole instructions */
	uint32_t boundaries; /* of the instructions in them, as bits */
}; /* neither: the jump's last bytes are what stands there (islands.h) */

/* Returns 0 or the reason why it cannot be done. For tests too. */
const char *patch_examine(const uint8_t *code, uint64_t size, uint64_t room, struct patch_plan *plan);
#endif
