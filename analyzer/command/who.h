/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WHO_H
#define LEAKSHIM_WHO_H
/*
 * Who points at a block? The way from a root to it, as far as the latest scan kept it: of each
 * block the place of the first pointer that was found.
 */
#include "model.h"
#include "symbols.h"

/* Prints the way to the block at or around `address`. Returns 0, or -1 after saying why not. */
int who_points_at(struct model *m, struct symbols *s, const char *path, uint64_t address);
#endif
