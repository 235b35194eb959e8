/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_MEMO_H
#define LEAKSHIM_MEMO_H
/*
 * Innermost pieces of stacks that were walked before: from (pc, sp) to a frame of the cache.
 *
 * Programs come back to the same few calls at the same depth. A memo keeps the words that decided
 * the way from such a call out to a cached frame, at most MEMO_CHECKS of them. If they still stand,
 * and the cached frame is the same and stands too, the stack is known: no rule is looked up, no
 * step made, no node searched, and the cache stays as it is.
 *
 * A memo is only made of steps whose words all lie in the thread's own stack between sp and
 * the cached frame, so checking it cannot fault.
 */
#include <stdint.h>

#define MEMOS 128u
#define MEMO_CHECKS 8u
#define MEMO_ONCE UINT32_MAX /* as base: (pc, sp) led to node once, and nothing else is known yet */

struct memo_check {
	const uintptr_t *slot;
	uintptr_t word;
};

struct memo {
	uintptr_t pc, sp, rbp;
	uint32_t needs_rbp;  /* rbp decides the way outward */
	uint32_t generation; /* of the module list; 0 with pc 0: empty */
	uint32_t node;       /* the result */
	uint32_t base;       /* frames of the cache it stands on */
	uint32_t base_node;
	uint32_t checks;
	uintptr_t base_sp, base_rbp;
	struct memo_check check[MEMO_CHECKS]; /* inner ones first */
};

static inline struct memo *memo_at(struct memo *memos, uintptr_t pc, uintptr_t sp)
{
	return &memos[((pc ^ sp << 7) * 0x9e3779b97f4a7c15u) >> 57];
}
_Static_assert(MEMOS == 1u << (64 - 57), "memo_at takes seven bits");

static inline int memo_holds(const struct memo *m)
{
	for (uint32_t i = 0; i < m->checks; i++)
		if (*m->check[i].slot != m->check[i].word)
			return 0;
	return 1;
}
#endif
