/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LANGUAGES_H
#define LEAKSHIM_LANGUAGES_H
/*
 * Which blocks the runtime of a language makes for itself: a virtual machine, an interpreter, its own library. Nobody who
 * writes programs in that language can release them.
 *
 *   file = { line } ;  '#' starts a comment ;  words are separated by blanks ;  a word is a glob
 *   line = "runtime" NAME      the lines below are of this one
 *        | "module"  GLOB...   files that are the runtime; with a slash the whole path is matched, else its last part
 *        | "library" GLOB...   libraries that it calls for itself
 *        | "code"              machine code that it makes is its own too
 *        | "start"   GLOB...   functions: what they lead to is the runtime's, whoever calls them
 *        | "except"  GLOB...   functions: what they lead to is handed to the program
 *        | "names" TEXT        what gives the code that it makes names, as advice
 *        | "pool" TEXT         what shows the things that it keeps in pools of its own, as advice
 *
 * A block is the runtime's own if its stack leads through nothing but these, from the allocator to a start function or to
 * the outermost frame, and through at least one module. A frame of an extension, an addon or a library loaded by the
 * program stands in between where these are to blame.
 *
 * Built-in files lie in shim/catalog (*.runtime).
 */
#include "model.h"
#include "runtime.h"

struct languages;

/* With the built-in files. */
struct languages *languages_open(struct pool *p);

/* Adds a file of the user's. Returns 0, or -1 after saying why as file:line. */
int languages_read(struct languages *l, const char *path);

/* Which files of this model are whose. Once, before the questions. */
void languages_meet(struct languages *l, struct model *m);

/* The runtime whose own a stack is (innermost first, without the allocator's own frames), 0 if none's. */
const char *languages_owner(const struct languages *l, const struct model *m, const struct runtime_frame *frames,
			    unsigned count);

/* Advice of the first runtime in this model that has one; 0: none. */
const char *languages_names(const struct languages *l);
const char *languages_pool(const struct languages *l, const char *language);
#endif
