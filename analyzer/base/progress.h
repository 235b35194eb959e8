/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROGRESS_H
#define LEAKSHIM_PROGRESS_H
/* One line on the terminal while something takes longer than a second; nothing where stderr is no terminal. */
#include <stddef.h>
#include <stdio.h>

/* Call for each piece of work; cheap. Draws at most ten times a second. */
void progress(const char *what, size_t done, size_t total);

/* The same while writing: not where the report itself goes to a terminal. */
void progress_writing(FILE *to, size_t done, size_t total);

/* Nothing from now on: the terminal is somebody else's, who goes on using it. */
void progress_never(void);

/* Takes the line away, if there is one. */
void progress_end(void);
#endif
