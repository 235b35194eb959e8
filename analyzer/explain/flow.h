/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FLOW_H
#define LEAKSHIM_FLOW_H
/*
 * What registers and memory hold while code is followed without being run.
 *
 * A value is a symbol and a distance. Symbols stand for what is not known but the same wherever it turns up: the followed
 * block, a stack frame, what a register held at a function's entry, what lay in memory at a symbol, what a call gave back.
 * Symbol 0 is the number 0: a value of it is a constant, and memory at it is global.
 *
 * Law: what does not fit is forgotten, never invented. Only what holds the followed block is kept before all else.
 */
#include "code.h"
#include "decode.h"

struct value {
	uint32_t symbol;
	int64_t offset;
};

enum symbol_kind {
	SYMBOL_NUMBER,
	SYMBOL_BLOCK,	 /* the followed one */
	SYMBOL_STACK,	 /* a: which frame; its return address lies at distance 0 */
	SYMBOL_ENTRY,	 /* a: which frame, b: register; at the function's entry */
	SYMBOL_LOADED,	 /* a: symbol, b: distance; what lay in memory there */
	SYMBOL_RESULT,	 /* a: address of an instruction, b: register or place; what it made */
	SYMBOL_MADE,	 /* a: return address of the call that allocated it */
	SYMBOL_JOINED,	 /* a: address, b: place; different values came together */
	SYMBOL_THREAD	 /* base of thread-local memory */
};

struct symbol_key {
	uint64_t kind, a;
	int64_t b;
};

struct flow; /* the symbols */

struct flow *flow_open(void);
void flow_close(struct flow *f);
uint32_t flow_symbol(struct flow *f, enum symbol_kind kind, uint64_t a, int64_t b);
const struct symbol_key *flow_key(const struct flow *f, uint32_t symbol);

#define STATE_CELLS 72u
#define STATE_FACTS 16u
#define STATE_FRAMES 14u
#define STATE_GONE 6u

/* A word of memory of which it is known what it holds. */
struct cell {
	struct value at, value;
	uint8_t width;
};

/* A comparison whose outcome is known. */
struct fact {
	struct value left, right;
	uint8_t width, condition; /* this one is true */
	uint8_t depth;		  /* of the frame in which it was learnt */
};

/* A function that was entered by a call on the way. */
struct entered {
	uint64_t function, return_address;
	struct value saved[6]; /* rbx, rbp, r12 to r15 at the call */
	struct value sp;       /* at its entry: where the return address lies */
	uint32_t visit;
};

struct state {
	struct value reg[16];
	struct value vector[16][2];
	struct cell cells[STATE_CELLS];
	struct fact facts[STATE_FACTS];
	struct entered entered[STATE_FRAMES];
	uint32_t gone[STATE_GONE]; /* symbols of what was released */
	uint8_t cell_count, fact_count, entered_count, gone_count;
	struct value left, right; /* of the latest comparison */
	uint8_t compare_width;	  /* 0: not known */
	bool is_and;		  /* test: not cmp */
	bool is_strange;	  /* an unknown function got the block */
	bool is_improbable;	  /* only if memory had run out */
	bool was_resized;	  /* a realloc of it failed on the way */
	uint64_t was_thrown;	  /* address of the call that threw on the way; 0: none */
	uint64_t was_jumped;	  /* address of the longjmp that was on the way; 0: none */
	bool is_touched;	  /* something that may have held the block changed */
	bool has_counted;	  /* a small number in some object was counted up, as references are */
	uint8_t raised;		  /* how often a small number in the block was counted up */
	uint64_t cycle;		  /* address of an instruction after which the block leads to what leads to it; 0: none */
	uint64_t kept_at;	  /* address of the instruction that put the block into memory last, other than a variable */
	struct value kept_in;
	uint32_t frame;		  /* number of the stack's symbol */
	uint64_t pc;
};

static inline struct value value_number(int64_t n)
{
	return (struct value){ 0, n };
}
static inline bool value_is(struct value a, struct value b)
{
	return a.symbol == b.symbol && a.offset == b.offset;
}
#define FLOW_BLOCK 1u /* the symbol of SYMBOL_BLOCK */

struct value state_load(struct flow *f, struct state *s, struct value at, unsigned width);
void state_store(struct flow *f, struct state *s, struct value at, unsigned width, struct value v);

/* Forgets what is known of [from, to) behind a symbol, but not what leads to the block. */
void state_forget(struct state *s, uint32_t symbol, int64_t from, int64_t to);

/* Address of a memory operand. */
struct value state_address(struct flow *f, const struct state *s, const struct insn *i, const struct operand *o);

/* Any instruction that does not lead elsewhere. */
void state_step(struct flow *f, struct state *s, const struct insn *i);

/* Is a condition known? 1 true, 0 false, -1 not known. */
int state_condition(struct flow *f, const struct state *s, unsigned condition);
/* From here on it is true. */
void state_assume(struct state *s, unsigned condition);

/* An instruction makes its symbol again: what it made before, in a loop, is another thing from now on. */
void state_renew(struct flow *f, struct state *s, uint32_t symbol);

/* Whatever a call may change. */
void state_clobber(struct flow *f, struct state *s, uint64_t call, uint16_t registers);

/* Can the program still get at the block? */
bool state_holds_block(const struct flow *f, const struct state *s);
/* The same of anything: does a value lead to the block? */
bool state_leads_to_block(const struct flow *f, const struct state *s, struct value v);

/* Same place, same values. */
uint64_t state_hash(const struct state *s);

/* What two ways have in common where they meet. Returns whether `into` changed. */
bool state_join(struct flow *f, struct state *into, const struct state *other);

/* A function's beginning in a new frame. */
void state_enter(struct flow *f, struct state *s, uint64_t address, uint32_t frame);
#endif
