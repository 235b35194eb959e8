/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PYTHON_H
#define LEAKSHIM_PYTHON_H
/*
 * Which Python code made the blocks of the groups that are shown: of the blocks themselves if some of them were looked at when
 * they were made, else of others from the same stacks.
 */
#include "work.h"

void python_add(struct work *w, struct diagnosis *d);

/* What was seen of blocks from the stack of a node; 0: nothing. */
const struct python *python_at(struct work *w, uint32_t node);
#endif
