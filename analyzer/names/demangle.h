/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_DEMANGLE_H
#define LEAKSHIM_DEMANGLE_H
/*
 * Linker names -> names as written in the source: C++, and Rust in both manglings.
 */
#include "pool.h"

/* Without parameters, without the hash of old Rust names and without the suffixes that
 * compilers give to copies of a function (.isra.0, .part.1, .cold). Lives in the pool. */
const char *demangle(struct pool *p, const char *name);

struct model;

/* The names of followed functions, as they are written in the source. */
void demangle_probes(struct model *m);
#endif
