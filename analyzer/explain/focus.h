/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_EXPLAIN_FOCUS_H
#define LEAKSHIM_EXPLAIN_FOCUS_H
/*
 * What a second look is to look at closely: the sites of leaks, by number for a process that runs on, by the names of their
 * stacks for another run.
 */
#include "model.h"

#define FOCUS_MOST 64u

/* "HEX,HEX..." as the shim takes it, from malloc; "" if there is nothing to look at. */
char *focus_names(struct model *m, const struct diagnosis *d);

/* Numbers of sites. Returns how many. */
unsigned focus_sites(const struct model *m, const struct diagnosis *d, uint32_t sites[FOCUS_MOST]);
#endif
