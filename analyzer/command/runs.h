/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RUNS_H
#define LEAKSHIM_RUNS_H
/* The commands that run a program. Each returns the exit status. */
#include "options.h"

/* leakshim run, with --repeat several times. */
int runs_program(const struct options *o);

/* run --explain: the program is run, and then again with its leaks in focus. */
int runs_twice(const struct options *o);

/* explain TRACE -- PROGRAM: the program is run again with the leaks of an older trace in focus; what that had and this run has
 * not is named. */
int runs_again(const struct options *o);
#endif
