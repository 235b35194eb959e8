/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_THUNK_H
#define LEAKSHIM_THUNK_H
/*
 * Where a patched function meets our C code.
 *
 * The entry of a patched function jumps to its cell, a small piece of code in the shim's own
 * text that patch.c writes. The cell leads to one of two thunks:
 *   tail     handler, then the function with the caller's own frame: any signature, no copy
 *   through  handler, the function as a call of ours, handler again with what it returned
 *
 * 1. Every general register keeps its value, also those that a call may change: a compiler that
 *    saw the function's body may rely on what the body leaves alone.
 * 2. Handlers use general registers only. What may use others runs under thunk_spill.
 * 3. Unwinding from a handler, and through a frame of `through`, leads to the caller.
 */
#include <stdint.h>

#define THUNK_CELLS 2048u
#define THUNK_CELL 64u

/* The registers at the entry of the patched function, as the thunks push them. */
struct thunk_registers {
	uint64_t rax, rcx, rdx, rsi, rdi, r8, r9, r10, r11, rbp;
	uint64_t cell;	/* tail: an address in the cell; through: the cell's number */
	uint64_t back;	/* return address: into the caller */
	uint64_t stack[]; /* words of stack arguments */
};

struct thunk_call {
	uint64_t original; /* address of the displaced code */
	uint64_t words;	   /* stack words to pass on, even */
};

/* The cells, each THUNK_CELL bytes, filled with int3. */
extern unsigned char thunk_cells[] __attribute__((visibility("hidden")));

extern char thunk_tail[] __attribute__((visibility("hidden")));
extern char thunk_through[] __attribute__((visibility("hidden")));
/* Where functions called by `through` return to: a frame of ours in the middle of a stack. Its rbp
 * leads to the caller: *rbp is the caller's rbp, rbp[2] the return address, rbp + 3 its sp. */
extern char thunk_through_back[] __attribute__((visibility("hidden")));

/* Runs work(argument) with the vector registers saved. */
void thunk_spill(void (*work)(void *), void *argument) __attribute__((visibility("hidden")));

/* The handlers, in probes.c. */
void probes_tail(struct thunk_registers *at) __attribute__((visibility("hidden")));
struct thunk_call probes_enter(struct thunk_registers *at) __attribute__((visibility("hidden")));
void probes_leave(struct thunk_registers *at, uint64_t result) __attribute__((visibility("hidden")));
#endif
