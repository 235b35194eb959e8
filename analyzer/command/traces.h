/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TRACES_H
#define LEAKSHIM_TRACES_H
/*
 * Folders of traces: which of them nobody needs any more.
 *
 * 1. Only folders are entered that are the user's own and that nobody else can write to, through no symbolic link.
 * 2. Only files are removed that are the user's, readable by nobody else, with one name, and whose header is a trace's.
 * 3. A trace whose process lives is kept, and so is one from another PID namespace, where nobody can tell from here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "options.h"

/* Lists a folder (0: those where traces usually lie) and the folders of runs in it, or removes what is dead and older than
 * `o->older` seconds. Returns 0, or -1 after saying why. */
int traces_command(const struct options *o, const char *folder);

/* The trace of the program that took the place of a trace's own by exec, from the same folder or where traces usually lie. Returns
 * false if none is there. */
bool traces_after(const char *trace, char *found, size_t size);

/* Removes dead traces that are older than a day from a folder and its folders of runs, without a word; looks at some
 * hundred files at most. */
void traces_tidy(const char *folder);
#endif
