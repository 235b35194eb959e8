/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_KEEPERS_H
#define LEAKSHIM_KEEPERS_H
/*
 * The way from a root to a reachable block, as the scan found the first pointer to each on it, in words: "global sessions",
 * "block made in table_grow (table.c:40), offset 24".
 */
#include "work.h"

/* What holds the block with this index first, the root of it before; returns how many words there are, 0: not known. */
unsigned keepers_find(struct work *w, uint32_t block, const char *const **words);

/* The same for what holds a resource: its block, or a Java object. */
unsigned keepers_find_resource(struct work *w, const struct resource *r, const char *const **words);
#endif
