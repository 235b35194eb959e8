/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REGISTRY_H
#define LEAKSHIM_REGISTRY_H
/*
 * GObject has a table of all instances that a signal handler is connected to. It holds none of them for the program: one that
 * nobody else knows is never released, and its handlers stay connected for good.
 */
#include "blocks.h"
#include "maps.h"

/* In the copy of the process that this is, the instances themselves lead to their handlers, and the table to nothing. Where it
 * does not look as expected, in every entry, all stays as it is. */
void reach_registry_part(const struct reach_maps *maps, const struct reach_blocks *blocks);
#endif
