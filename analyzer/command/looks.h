/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LOOKS_H
#define LEAKSHIM_LOOKS_H
/*
 * How fast the processes of a run grow: looks at their traces, from outside, while they live.
 *
 * The first look is made after LOOKS_FIRST_MS, the next ones ever further apart, so that they take a small part of the time.
 * A process is judged by those of the second half of its life, and there by the one in the middle: a cache that fills up, and
 * the tidying up before the end, are passed over.
 */
#include <stdio.h>

#include "options.h"
#include "model.h"

#define LOOKS_FIRST_MS 2000

struct looks;

struct looks *looks_open(const char *folder, const struct options *o);
void looks_close(struct looks *l);

/* Waits until the process has ended, and looks meanwhile. Returns its wait status. */
int looks_wait(struct looks *l, int pid);

/* The growth of the process of a trace; fits judge.h. Returns 0, or -1 after saying why it is not known. */
int looks_growth(const void *looks, const struct model *m, struct growth *growth, FILE *to);
#endif
