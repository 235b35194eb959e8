/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LAUNCH_H
#define LEAKSHIM_LAUNCH_H
/*
 * Can this program be traced? Answered before it starts, in one line where the answer is no.
 */
#include <stddef.h>

#define LAUNCH_NOT_FOUND 127
#define LAUNCH_CANNOT 126

/*
 * Finds a program as a shell would and looks whether a preloaded library can enter it:
 * scripts are followed to their interpreter. Fills `path` with the file to execute.
 * Returns 0, or the exit status that a shell would give, after saying why. An allocator
 * that is linked into the program, and so cannot be seen, is said as a warning.
 */
int launch_check(const char *program, char *path, size_t size);

/* The library that goes with this leakshim: in the build tree or installed beside it.
 * Returns 0, or -1 after saying where it was looked for. */
int launch_library(char *path, size_t size);

/* This program itself, "" if /proc does not tell. */
void launch_self(char *path, size_t size);
#endif
