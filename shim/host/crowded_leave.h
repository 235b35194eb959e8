/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CROWDED_LEAVE_H
#define LEAKSHIM_CROWDED_LEAVE_H
/* What a thread does in a handler on a crowded stack, and how it leaves it: the ways out of crowded.h, and what they need of
 * crowded.c. */
#include <signal.h>
#include <stdint.h>

/* crowded.c */
uint64_t crowded_ours(void);
void crowded_stay(void); /* our handlers want no alternate stack any more */
void crowded_serve(int number, siginfo_t *info, uintptr_t sp);

/* Called once. */
void crowded_leave_start(void);

/* How a handler is left; crowded_x86_64.S. */
enum crowded_way { CROWDED_LONGJMP, CROWDED_SETCONTEXT, CROWDED_SWAPCONTEXT };

/* Where the jump is to be made from, for the mask changes before the stack does: where it leads to, below all that is in use
 * there; 0: from where the thread stands. And which signals are to come again first. */
struct crowded_exit {
	uintptr_t sp;
	uint64_t kept;
};

/* Called by the jumps of crowded_x86_64.S while crowded_on, on a stack of ours; the thread stands at sp. `to`: the first argument
 * of longjmp, setcontext or swapcontext. */
struct crowded_exit crowded_leave(uintptr_t sp, enum crowded_way way, const void *to) __attribute__((visibility("hidden")));
/* The real longjmp is not known yet. */
void crowded_find(void) __attribute__((visibility("hidden")));
/* Where the jumps lead, and getcontext. */
#define CROWDED_JUMPS 7
extern void *crowded_jumps[CROWDED_JUMPS] __attribute__((visibility("hidden")));
#endif
