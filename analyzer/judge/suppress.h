/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SUPPRESS_H
#define LEAKSHIM_SUPPRESS_H
/*
 * Leaks that somebody has decided not to hear of, in the two syntaxes that are in use; both are
 * taken as they are, also mixed in one file:
 *   LeakSanitizer  leak:PATTERN, matched against function, file and module of any frame;
 *                  * stands for anything, ^ and $ for the ends, and the pattern may lie anywhere
 *   Valgrind       { name, Memcheck:Leak, match-leak-kinds:, fun: obj: src: and ... lines }
 *                  from the innermost frame on; entries for other tools and errors are passed over
 * Valgrind's innermost frame is the allocating function itself; ours begin at its caller, so
 * that function is put in front again, under all its names.
 */
#include <stdio.h>
#include "model.h"

struct suppressions;

struct suppressions *suppress_open(void);
void suppress_close(struct suppressions *s);

/* Adds the entries of a file, or of a text that came with a program. Returns 0, or -1 after saying why. */
int suppress_read(struct suppressions *s, const char *path);
int suppress_add(struct suppressions *s, const char *text, const char *origin);

/* Adds what the code of files makes that match: by name, or by whole path if there is a slash in it. */
void suppress_module(struct suppressions *s, const char *glob);

/* Does an entry match? Counts it for that entry. */
bool suppress_matches(struct suppressions *s, const struct leak *leak, const struct stack *stack);

/* Names the entries that matched nothing, and how much the others did. */
void suppress_summary(const struct suppressions *s, FILE *to);

/* An entry for a leak, in Valgrind's syntax. */
void suppress_print(FILE *to, const struct leak *leak);
#endif
