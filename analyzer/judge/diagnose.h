/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_DIAGNOSE_H
#define LEAKSHIM_DIAGNOSE_H
/*
 * Model -> groups, classes and findings.
 *
 * 1. A group is everything alive of one family and class from one stack; recursion is
 *    folded first. Whatever is lost is one class: a block counts where it was made, whether it
 *    was found itself, hangs on another lost one, or only pointers into its middle are left. Two lines of one function are two groups; one line that the compiler
 *    made several calls of is one.
 * 2. A fingerprint is made of function and module names only. Groups that have all names
 *    in common are numbered by their place in the code, and the number goes into it.
 * 3. Lines and inlined frames are looked up for the first `max` groups only.
 */
#include "model.h"
#include "symbols.h"

struct diagnose_options {
	unsigned show; /* bit per enum leak_class */
	uint32_t max;  /* groups with all their details; 0: all */
	struct suppressions *suppressions; /* what they match is ignored; 0: none */
};

#define DIAGNOSE_SHOW (CLASS_LEAKS & ~(1u << CLASS_INDIRECT))

/* The diagnosis lives in the model's pool; its names in the symbols'. */
void diagnose(struct diagnosis *d, struct model *m, struct symbols *s,
	      const struct diagnose_options *how);
#endif
