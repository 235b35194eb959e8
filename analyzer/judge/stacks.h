/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STACKS_H
#define LEAKSHIM_STACKS_H
/*
 * One path of the stack tree as a person wants it: without the allocator's own frames at
 * its inner end, without what lies outside of main at its outer end, recursion folded.
 */
#include "model.h"
#include "symbols.h"

#define STACKS_MAX 1200 /* frames looked at; more than a trace keeps of one stack */

struct path {
	uint32_t nodes[STACKS_MAX]; /* innermost first */
	unsigned depth;
	bool is_cut;
	bool is_whole; /* nothing lay outside of main */
	const char *scope; /* innermost one that the stack was taken in, 0: none; part of all hashes */
	bool is_java_memory; /* Java code got it from its virtual machine */
	const char *language; /* whose runtime made it for itself (languages.h); 0: none's, or nobody asked */
	bool is_runtime; /* libc's or ld.so's own (runtime.h), judged by the whole stack */
};

void stacks_path(struct path *path, const struct model *m, struct symbols *s, uint32_t node);

uint64_t stacks_names(const struct path *path, struct symbols *s);
uint64_t stacks_steps(const struct path *path, const struct model *m);

/* By source lines, where they are known: one line can call from several places in the code. */
uint64_t stacks_lines(const struct path *path, const struct model *m, struct symbols *s);

/* Order of two paths by their places in the code, innermost first. */
int stacks_order(const struct path *a, const struct path *b, const struct model *m);

/* The places of the innermost frames, 0 where there are fewer. */
void stacks_places(const struct path *path, const struct model *m, uint64_t *places, unsigned count);

struct stack stacks_resolve(const struct path *path, struct model *m, struct symbols *s);
#endif
