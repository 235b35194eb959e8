/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STACK_H
#define LEAKSHIM_STACK_H
/*
 * Call stack -> node of the stack tree, by a verified cache of the thread's last stack.
 *
 * A frame is the state (pc, sp, rbp) in a function just after the call that leads inward returns.
 *
 * 1. The step from a frame to the one outside it is decided by rules that depend on pc only, and
 *    by a few words of the stack: the return address, a saved rbp, seldom another one. The cache
 *    keeps those words as checks, in the order in which they were read.
 * 2. If a frame of the walk equals a cached one and all checks outside it hold, all frames
 *    outside are what walking would find. rbp counts only where it decides something further out.
 * 3. No check can fault: its address follows from the checks before it, and lies in the frames
 *    that the thread is going to return through. Where that is not sure, there is a check that
 *    never holds, and the step is made again.
 * 4. Nothing is ever written to the program's stack.
 */
#include <stdint.h>
#include "memo.h"
#include "modules.h"
#include "state.h"
#include "step.h"

struct stack_frame {
	uintptr_t pc, sp, rbp;
	uint32_t node;
	uint32_t checks; /* of this frame and those outside it: check[1 .. checks] */
	uint32_t flags;  /* STACK_* */
};
#define STACK_EXACT STEP_EXACT
#define STACK_NEEDS_RBP 0x100u /* rbp decides the way outward */

struct stack_check {
	const uintptr_t *slot;
	uintptr_t word;
};

/* Per thread; lies in the thread's private mapping, zeroed. frame[0] is the outermost one. */
struct stack_cache {
	uint32_t depth;      /* frames in use */
	uint32_t generation; /* of the module list when they were walked */
	uint32_t valid;      /* generation, if there are frames and not cut ones, else 0 */
	uint32_t is_cut;     /* frame[0] has more frames outside */
	uint32_t is_proper;  /* led by unwind information to an outermost frame */
	uint32_t scope;      /* node that outermost frames hang below, 0: the root of the tree */
	struct stack_frame frame[TRACE_STACK_MAX];
	struct stack_check check[TRACE_STACK_MAX * 3 + 1]; /* [0] never holds; then three for each step at most */
	struct step_frame fresh[TRACE_STACK_MAX + 1];  /* scratch: frames stepped anew, inner first */
	struct step_walk walk;
	struct memo memo[MEMOS];
};

/*
 * The stack whose innermost frame is (pc, sp, rbp): pc the return address of the interposed call,
 * sp the stack pointer after that return (the CFA of the interposed function), rbp the frame
 * register there. Returns a NODE index, 0 if nothing could be recorded.
 * The caller has set the thread's busy flag. No system call, no loader call where all frames are
 * known; errno is not touched.
 */
static inline uint32_t stack_capture(struct stack_cache *cache, uintptr_t pc, uintptr_t sp, uintptr_t rbp);

/* The stack by way of a memo, for a cache of this generation that is not cut; 0: it must be walked. */
uint32_t stack_remember(struct stack_cache *cache, uintptr_t pc, uintptr_t sp, uintptr_t rbp);

/* Walks what has changed. */
uint32_t stack_walk(struct stack_cache *cache, uintptr_t pc, uintptr_t sp, uintptr_t rbp);

/* Code that has no file may belong to a runtime that knows its own frames. Given where the outermost frame inside it
 * returns to (a frame that does have a file: pc and MODULE index), says which node stands for all from there outward;
 * 0: it has none. Registered by a floor above; nothing of it is called before. */
extern uint32_t (*stack_managed)(uintptr_t pc, uint32_t module) __attribute__((visibility("hidden")));

/* Sets the bounds of the running thread's own stack; called once per thread. */
void stack_bounds(struct stack_cache *cache, uintptr_t low, uintptr_t high);

/* Puts the stacks of a thread below the scope `node` from now on; 0: below the root. */
static inline void stack_scope(struct stack_cache *cache, uint32_t node)
{
	cache->scope = node;
	cache->depth = cache->valid = 0;
}

/* The root of the stack tree, made at the start of a trace. Returns 0 or -errno. */
int stack_start(void);

/* Compares the outermost `count` checks, inner ones first. Returns how many are left when one
 * does not hold, counting it; 0: all hold. Two loads and a compare for each, and no counter: check[0]
 * never holds and ends the loop. */
static inline uint32_t stack_verify(const struct stack_cache *cache, uint32_t count)
{
	const struct stack_check *c = cache->check + count;

	for (;; c -= 4) {
		if (__builtin_expect(*c->slot != c->word, 0))
			break;
		if (__builtin_expect(*c[-1].slot != c[-1].word, 0)) {
			c -= 1;
			break;
		}
		if (__builtin_expect(*c[-2].slot != c[-2].word, 0)) {
			c -= 2;
			break;
		}
		if (__builtin_expect(*c[-3].slot != c[-3].word, 0)) {
			c -= 3;
			break;
		}
	}
	return (uint32_t)(c - cache->check);
}

static inline int stack_frame_is(const struct stack_frame *f, uintptr_t pc, uintptr_t sp, uintptr_t rbp,
				 uint32_t flags)
{
	return f->pc == pc && f->sp == sp && (f->flags & STACK_EXACT) == (flags & STEP_EXACT) &&
	       (f->rbp == rbp || !(f->flags & STACK_NEEDS_RBP));
}

static inline __attribute__((always_inline)) uint32_t stack_capture(struct stack_cache *cache, uintptr_t pc,
								     uintptr_t sp, uintptr_t rbp)
{
	if (__builtin_expect(cache->valid == modules_state.generation, 1)) {
		const struct stack_frame *top = &cache->frame[cache->depth - 1];

		if (__builtin_expect(stack_frame_is(top, pc, sp, rbp, 0) && !stack_verify(cache, top->checks), 1))
			return top->node;
		uint32_t node = stack_remember(cache, pc, sp, rbp);

		if (__builtin_expect(node != 0, 1))
			return node;
	}
	return stack_walk(cache, pc, sp, rbp);
}
#endif
