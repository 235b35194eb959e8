/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LOADED_H
#define LEAKSHIM_LOADED_H
/*
 * The object files that the loader has mapped, and what they define by name. Read from their own
 * tables: dlsym and its like lie in another library before glibc 2.34, which need not be there, and a
 * reference to what only a newer libc has would keep every program of an older one from starting.
 *
 * A definition is a default version or one without versions; where there is none, a hidden version.
 *
 * Context: dl_iterate_phdr takes the loader's inner lock, which is held for moments only; not from
 * signal handlers, not on the hot path.
 */
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* The first definition behind ours, and the first of all. 0: none. */
void *loaded_next(const char *name);
void *loaded_first(const char *name);

/* The definition in one object of the loader's list, as one that may be looked through. 0: none. */
void *loaded_in(const struct link_map *map, const char *name);

/* The path of the object that an address lies in, as the loader has it: "" for the program, 0 for none. */
const char *loaded_path(const void *address);

/* The same as a path that leads there from everywhere, asked of the kernel: the loader keeps the words of LD_PRELOAD, which
 * may be relative. Returns its length, 0 if it cannot be told. */
size_t loaded_file(const void *address, char *path, size_t size);

/* Would the loader find the same library for the code at `caller` as for us? By path it does if that code lies in our
 * namespace; by name alone if besides no object but the program has a DT_RPATH, and the caller's none of its own. */
int loaded_is_nobody(uintptr_t caller, int by_path);

/* The loader's list for debuggers, never 0; empty where there is none. */
const struct r_debug *loaded_list(void);
#endif
