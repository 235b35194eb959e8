/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_AROUND_H
#define LEAKSHIM_AROUND_H
/*
 * Which block lies around an address.
 */
#include "model.h"

/* Indices of all blocks of a trace, ordered by address. They live as long as the pool. */
uint32_t *around_order(struct pool *pool, const struct model *m);

/* 1 + index of the block that an address lies in, or at whose begin, if it is empty; 0: none. */
uint32_t around_find(const struct model *m, const uint32_t *order, uint64_t address);
#endif
