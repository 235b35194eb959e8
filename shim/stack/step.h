/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STEP_H
#define LEAKSHIM_STEP_H
/*
 * One step outward on a call stack, and the cache of rules that makes it cheap.
 *
 * 1. Every step gives what libunwind's unw_step gives: by unwind information where there is
 *    some, else by its guess that rbp leads to the next frame (with a better sp: step.c).
 * 2. A step tells which words of the stack decided its result, so that it can be checked
 *    later without being made again.
 * 3. Stack memory is read without asking only in the thread's own stack from the innermost
 *    frame outward; elsewhere each page is asked for first (readable.h).
 * 4. Rules live in one lock-free table for the process, keyed by pc and module generation.
 *
 * Context: any thread behind the caller's busy flag; signal-safe so. No lock where the rule is
 * known, else modules_state.lock.
 */
#include <stdint.h>
#include "cfi.h"

/* A frame and how it was reached from the one inside it. */
struct step_frame {
	uintptr_t pc, sp, rbp;
	uintptr_t pc_slot;          /* pc was read here */
	uintptr_t rbp_slot;         /* rbp was read here, 0: it is the inner frame's */
	uintptr_t sp_slot, sp_word; /* sp was computed from the word here, 0: from no word */
	uint64_t rule;              /* for leaving it; module index in bits 48..63 */
	uint32_t flags;             /* STEP_* */
};
#define STEP_EXACT 1u   /* interrupted at pc, not calling before it */
#define STEP_OUTSIDE 2u /* a word lies outside the thread's own stack */
#define STEP_ODD 4u     /* the words do not tell all: the step must be made again each time */

#define STEP_MODULE_SHIFT 48
#define STEP_PC_END (1ull << 47) /* of what a program can have mapped */
#define STEP_CODE_READABLE (1ull << 45) /* of a CFI_NONE rule */
#define STEP_GO (1ull << 44) /* the same: C was called from a stack of its own */

/* One way outward. Scratch: lies in the thread's private memory. */
struct step_walk {
	struct cfi_reader reader; /* first: steps get back to the walk from it */
	uintptr_t low, high;      /* the thread's own stack, as far down as it is known */
	uintptr_t low_end;        /* a page below low that is not readable, 0: none found yet */
	uintptr_t floor;          /* of it, [floor, high) is in use and read without asking */
	uintptr_t window_low, window_high; /* pages elsewhere that were readable */
	uintptr_t first_pc, first_sp;
	uint32_t is_outside;  /* a word outside was read since it was last cleared */
	uint32_t is_guessing; /* some step was a guess */
	uint32_t switches;    /* times that sp did not grow */
	uint32_t has_registers;
	struct cfi_registers registers; /* of the frame last left in odd mode */
	struct cfi_work work;
};

struct step_rules {
	uint64_t key, rule;
};
extern struct step_rules *step_rules __attribute__((visibility("hidden")));

/* A block of 8 KiB of code has its rules in one page of the table. */
#define STEP_LOG 18
#define STEP_PROBES 32u

static inline uint64_t step_slot(uintptr_t pc)
{
	uint64_t block = (uint64_t)(pc >> 13) * 0x9e3779b97f4a7c15ull >> (64 - (STEP_LOG - 8));

	return block << 8 | (pc >> 5 & 255);
}

static inline uint64_t step_key(uintptr_t pc, uint32_t flags, uint32_t generation)
{
	return (uint64_t)generation << 48 | (uint64_t)(flags & STEP_EXACT) << 47 | pc;
}

/* May this word be a return address? A guess by rbp may have read anything. */
static inline int step_is_code(uintptr_t pc)
{
	return pc - 1 < STEP_PC_END - 1;
}

uint64_t step_rule_slow(struct step_walk *walk, uintptr_t pc, uint32_t flags, uint32_t generation);

/* The rule in the first place for `key`, 0 (CFI_NONE) if that is not there. */
static inline uint64_t step_rule_known(uintptr_t pc, uint64_t key)
{
	const struct step_rules *entry = &step_rules[step_slot(pc)];

	if (__builtin_expect(__atomic_load_n(&entry->key, __ATOMIC_ACQUIRE) != key, 0))
		return 0;
	uint64_t rule = __atomic_load_n(&entry->rule, __ATOMIC_ACQUIRE);
	return __builtin_expect(__atomic_load_n(&entry->key, __ATOMIC_RELAXED) == key, 1) ? rule : 0;
}

/* The rule of a frame. */
static inline uint64_t step_rule(struct step_walk *walk, uintptr_t pc, uint32_t flags,
				 uint32_t generation)
{
	uint64_t key = step_key(pc, flags, generation);
	uint64_t rule = step_rule_known(pc, key);

	return __builtin_expect(rule != 0, 1) ? rule : step_rule_slow(walk, pc, flags, generation);
}

/* Begins a walk at `frame`. The walk's low, high and window stay as they are. */
void step_begin(struct step_walk *walk, const struct step_frame *frame);

/* Steps from `from`, whose rule is set, to the frame outside it. 0: there is none. */
int step_out(struct step_walk *walk, const struct step_frame *from, struct step_frame *to);

/* Makes the table of rules. Returns 0 or -errno. */
int step_start(void);
#endif
