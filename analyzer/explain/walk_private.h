/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WALK_PRIVATE_H
#define LEAKSHIM_WALK_PRIVATE_H
/*
 * Shared by walk.c (the ways), walk_calls.c (calls met on the way), reach.c (the state before a call, what a function may
 * do), arguments.c (what it reads) and leave.c (out of frames), alive.c (what registers are read
 * again), and nobody else.
 */
#include <uthash.h>
#include "calls_named.h"
#include "walk.h"

#define CALLER_SAVED 0x0fc7u /* rax rcx rdx rsi rdi r8..r11 */
#define ARGUMENT_REGISTERS 0x03c6u /* rcx rdx rsi rdi r8 r9 */

/* A function as far as those need to know who do not enter it. */
struct summary {
	uint64_t start;
	uint16_t clobbers;
	bool may_throw, may_jump, sets_jump, has_thrown;
	uint64_t jump_arrives; /* where its setjmp returns */
	bool gives_first; /* returns its first argument, or nothing where that is nothing */
	bool is_open; /* being made: recursion */
	uint16_t arguments; /* see arguments_of */
	bool has_arguments, is_asked;
	UT_hash_handle hh;
};

struct seen {
	uint64_t hash;
	uint32_t step;
	UT_hash_handle hh;
};

/* How often a place was met. */
struct place_count {
	uint64_t key;
	uint32_t count;
	UT_hash_handle hh;
};

/* Where a jump by a table leads. */
struct jump_table {
	uint64_t address;
	const uint64_t *targets;
	unsigned count;
	UT_hash_handle hh;
};

struct pending {
	struct state state;
	uint32_t parent, visit;
	bool is_branch; /* it comes from a jump or a condition */
};

struct alive;

struct walk_private {
	struct summary *summaries;
	struct jump_table *tables;
	struct alive *alive;
	struct seen *seen;
	struct place_count *counts;
	struct pending **pending;
	size_t pending_done, pending_count, pending_room;
	struct state **before; /* [node index]: before the call in that frame; 0: not asked for yet */
	bool *has_before;
};

struct target {
	const char *name;     /* of an import; 0 */
	enum effect effect;   /* of that import */
	uint64_t addresses[4]; /* in the program */
	unsigned count;
};

/* Registers of the first six arguments. */
extern const uint8_t walk_arguments[6];

static inline struct way *step_at(struct walk *w, uint32_t i)
{
	return &w->steps[i];
}

/* The way goes on at `pc` with a copy of the state, in a piece of its own. */
void walk_later(struct walk *w, uint32_t parent, const struct state *s, uint64_t pc);

/* Forgets what lies in registers that nobody reads any more from the state's place on. Returns bits of those that led to the
 * block. */
uint16_t alive_shed(struct walk *w, struct state *s);

/* For the table of those. */
void alive_drop(struct walk *w);

/* The way ends with a step. */
void walk_end(struct walk *w, uint32_t step, enum outcome outcome, const struct state *s);

/* An end of its own that hangs on a step that goes on. */
void walk_end_beside(struct walk *w, uint32_t step, enum outcome outcome, const struct state *s);

/* Where it is kept: of what dies next. A register: nothing. */
struct value walk_holder(const struct walk *w, const struct state *s);

/* Did what the last instruction did take the last pointer? Then the way ends here. */
bool walk_is_lost(struct walk *w, uint32_t step, struct state *s, struct value holder, enum outcome outcome);

/* Where the block's count of references lies; beyond its end, if that is not known. */
struct value walk_count_at(const struct walk *w, unsigned *width);

/* Follows a call. Returns whether the way ends here, or goes on in others. */
bool walk_call(struct walk *w, uint32_t step, struct state *s, const struct insn *i);

/* Follows a call whose target returns to our caller. Returns whether the way ends there, or goes on in others; else the
 * function is still to be left. */
bool walk_call_tail(struct walk *w, uint32_t step, struct state *s, const struct insn *i);

/* Where a jump by a table leads, as compilers make one of a switch. Returns how many; 0: it is none, or not understood. */
unsigned walk_targets(struct walk *w, const struct insn *jump, const uint64_t **targets);

/* Where a call or jump leads. */
void target_find(struct walk *w, struct state *s, const struct insn *i, struct target *t);

const struct summary *summary_of(struct walk *w, uint64_t function);

/* Bits of the argument registers that a function reads on some way before it writes to them: what lies in another one was
 * left there, and is nobody's to keep. All of them, where that cannot be told. */
uint16_t arguments_of(struct walk *w, uint64_t function);

/* What is known just before the call that frame number `frame` of the stack is in. 0: nothing. */
const struct state *state_before(struct walk *w, unsigned frame);

/* The current function returns to a caller of the block's stack. Returns 0, or -1 where that is not known. */
int leave_to_caller(struct walk *w, struct state *s, bool is_void);

/* Out of a function that was entered on the way. */
void leave_entered(struct walk *w, struct state *s, bool is_void);

/* A longjmp: forgets all frames below the one that called setjmp, which has returned again. Returns false if there is none. */
bool leave_by_jump(struct walk *w, struct state *s);

/* An exception leaves one frame. Returns 0, or -1: there is no other one that is known. */
int leave_by_throw(struct walk *w, struct state *s);

/* What is known in a function, in a frame of any number, just before the call that returns to an address. 0: nothing. */
struct state *state_at_call(struct walk *w, uint64_t return_address, unsigned frame);
#endif
