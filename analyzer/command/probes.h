/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_ANALYZER_PROBES_H
#define LEAKSHIM_ANALYZER_PROBES_H
/*
 * `leakshim probes`: the catalog, a check of probe files, and what became of each probe in a
 * traced process.
 */
#include "model.h"

/* The catalog as a table on stdout. */
void probes_list(void);

/* Says what is wrong with probe files as FILE:LINE:COLUMN: GRAVITY: TEXT on stdout. Returns how
 * many errors there were, or -1 after saying which file cannot be read. */
int probes_check(char **files, int count);

/* Every probe that the process of a trace knew, and whether it is followed. */
void probes_of_trace(const struct model *m);
#endif
