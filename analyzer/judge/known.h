/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_KNOWN_H
#define LEAKSHIM_KNOWN_H
/*
 * What is not known: allocations that were not recorded, and what is alive and was not classified. Fills is_complete, blind and
 * unclassified of a diagnosis whose classes were counted.
 */
#include "work.h"

void known_find(struct work *w, struct diagnosis *d);
#endif
