/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_IMPORTS_H
#define LEAKSHIM_IMPORTS_H
/*
 * Where a function cannot be patched at its entry, those who import it are led elsewhere instead.
 *
 * 1. Modules that are relocated already: the words (GOT) through which they call it are overwritten.
 * 2. Later modules, and dlsym: the defining module's symbol gets the other value. Both are written through
 *    /proc/self/mem, into private copies of pages; no protection changes.
 * 3. Calls inside the defining module that do not go through its own GOT are not seen. That is why this is the
 *    second choice: of g_object_ref's calls three in four would be, of av_buffer_create's none.
 * 4. A module that is loaded with RTLD_DEEPBIND would find libc's malloc and free before ours. It is bound to ours when
 *    the loader says that the module is there: before glibc 2.41 that is before it is relocated, from then on after.
 *
 * Context: as poke.h.
 */
#include <link.h>
#include <stdint.h>

struct imports_lead {
	const char *name; /* of the function */
	uint32_t length;
	uintptr_t from; /* where its callers go now */
	uintptr_t to;
};

/* Leads the calls of one relocated module elsewhere. Returns how many words it wrote. */
uint32_t imports_lead(const struct link_map *map, const struct imports_lead *lead);

/*
 * Gives what a module imports and has a value in `own` (0: none) that value, whether the module is relocated already or not
 * yet: the symbol becomes a hidden one, and those are bound inside their module, now or lazily, without a look-up; words
 * that have the next one's address already are overwritten. Returns how many words and symbols it wrote.
 */
uint32_t imports_bind(const struct link_map *map, void *(*own)(const char *name, void **next));

/* Gives a symbol of a module another value; it is a plain function from then on. Returns 0 or -1. */
int imports_publish(const Elf64_Sym *symbol, uintptr_t bias, uintptr_t to);
#endif
