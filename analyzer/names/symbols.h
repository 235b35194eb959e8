/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SYMBOLS_H
#define LEAKSHIM_SYMBOLS_H
/*
 * Addresses -> names. One answer is kept for each address, so that a hundred thousand
 * stacks cost as much as the few thousand addresses in them.
 *
 * 1. Two depths: symbols_name looks into symbol tables only (cheap, asked for every group);
 *    symbols_place reads debug information too (asked for what is shown).
 * 2. Debug files are found by build-id below /usr/lib/debug; nothing is fetched from a network.
 * 3. A frame of libc that has no name, but was called by a named import, goes by the name of
 *    that import (calls.h).
 * 4. A file that is gone, or is not the one that was traced, gives no names at all: a wrong
 *    name is worse than none. symbols_notes says which.
 * 5. Java frames bring their names along.
 * 6. Code without a file gets its names from a perf map (perf_map.h).
 */
#include "model.h"

struct symbols;

struct symbols *symbols_open(const struct model *m);
void symbols_close(struct symbols *s);

struct name {
	const char *text; /* the function as a person reads it, without parameters; 0: unknown */
	uint64_t hash;    /* same in every run and after unrelated rebuilds */
};

/* The function that a node's frame lies in. Never 0. */
const struct name *symbols_name(struct symbols *s, uint32_t node);

/* The same with file, line and inlined frames. Never 0. */
const struct place *symbols_place(struct symbols *s, uint32_t node);

/* A function by the address at which it begins, as it was loaded at the end. 0: no module lies there. */
const struct place *symbols_function(struct symbols *s, uint64_t address, const char *name);

/* The Java frame of a node, 0 if it is none. */
const struct java_frame *symbols_java(const struct model *m, uint32_t node);

/* Does the code of a node's frame say how to get to its caller? */
bool symbols_unwinds(struct symbols *s, uint32_t node);

/* The object file of a module; never 0, ask image_state. */
struct image *symbols_image(struct symbols *s, uint32_t module);

/* One line for each module without names because of law 4. */
uint32_t symbols_notes(struct symbols *s, const char ***notes);

uint64_t symbols_hash(uint64_t seed, const void *data, size_t size);
#endif
