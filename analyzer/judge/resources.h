/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RESOURCES_H
#define LEAKSHIM_RESOURCES_H
/*
 * Counted resources among the groups: what they stand for, and their records.
 */
#include "work.h"

/* Marks the blocks that living resources are or lie in, and groups the resources. */
void resources_claim(struct work *w);
void resources_group(struct work *w);

/* A group of resources by source lines, as stacks_lines has it for a stack. */
uint64_t resources_lines(struct work *w, const struct leak *leak);

/* Looks which functions that change references were inlined, where resources of their types are alive. */
void resources_find_inlined(struct work *w);

/* The function that made a group's resources; 0: not known. */
const struct place *resources_maker(const struct work *w, const struct leak *leak);

/* Bytes of one; 0: not known. */
uint64_t resources_size(const struct model *m, const struct resource *r);

/* Records for a group, and for all the shown leaks. */
void resources_records(struct work *w, struct leak *leak);
void resources_detail(struct work *w, struct diagnosis *d);
#endif
