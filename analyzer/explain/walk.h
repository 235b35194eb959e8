/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WALK_H
#define LEAKSHIM_WALK_H
/*
 * All ways that the code leaves a block of one site: from the return of the call that made it, through the functions that
 * get it and out through the callers that its stack names, until it is released or the last pointer to it dies.
 *
 * 1. Ways are followed one by one; a place that is met again in the same state is not followed twice.
 * 2. What cannot be followed (calls and jumps to unknown places) is marked, not guessed.
 * 3. Everything is bounded: instructions, places, states for each place.
 */
#include "flow.h"

enum outcome {
	OUTCOME_NONE, /* goes on */
	OUTCOME_FREED,
	OUTCOME_EXIT,	     /* the function that held it is left */
	OUTCOME_DEAD,	     /* nobody uses it after this call */
	OUTCOME_OVERWRITTEN, /* what held it holds something else now */
	OUTCOME_OWNER,	     /* what held it was released */
	OUTCOME_JUMPED,	     /* a longjmp left the function that held it */
	OUTCOME_THROWN,	     /* an exception did */
	OUTCOME_THREAD,	     /* its thread ended */
	OUTCOME_HELD,	     /* something still holds it when nothing more can be followed */
	OUTCOME_CUT,	     /* not followed to its end */
	OUTCOME_RESIZED,     /* a realloc made another one of it */
	OUTCOMES
};

/* A piece of a way: some instructions one after the other. */
struct way {
	uint32_t parent; /* 0: the first one */
	uint64_t start, end; /* addresses of its first and last instruction */
	uint64_t function;   /* where the function begins */
	int32_t level;	     /* of its frame: 0 is where the block was made, callers are below it, callees above */
	uint32_t visit;      /* number of the frame's entry on this way */
	uint64_t hash;
	enum outcome outcome;
	struct value holder; /* of what died: where it was kept. symbol 0 and offset 0: a register */
	struct value replacing; /* of OUTCOME_OVERWRITTEN */
	struct { int64_t offset, value; } numbers[2]; /* in the block, small ones, where it begins, or ends a way; value -1: none */
	uint8_t raised;
	uint64_t cycle;
	bool uses;	     /* passes the block on or looks into it */
	uint64_t last_use;
	bool can_free, can_lose; /* some way on from here ends so */
	bool is_improbable, is_strange, was_resized;
	bool was_kept;	     /* it had been put into memory other than a variable before */
	uint64_t was_jumped; /* address of the longjmp, or of the setjmp that has returned again, on the way here; 0: none */
	uint64_t was_thrown;
	struct state *state;     /* where it ended: of OUTCOME_HELD, OUTCOME_OWNER, OUTCOME_CUT */
};

/* A small number in the block there; -1: not known. */
static inline int64_t way_number(const struct way *s, int64_t offset)
{
	for (unsigned k = 0; k < 2; k++)
		if (s->numbers[k].value >= 0 && s->numbers[k].offset == offset)
			return s->numbers[k].value;
	return -1;
}

struct edge_of_way {
	uint32_t from, to;
};

struct walk {
	struct code *code;
	struct model *model;
	struct flow *flow;
	const uint32_t *nodes; /* of its stack, innermost first */
	unsigned node_count;
	const uint64_t *releasers; /* return addresses in stacks of siblings' releases */
	unsigned releaser_count;
	uint32_t run_visit;  /* the frame of a thread's function that got the block, 0: none */
	bool is_thread;	     /* made by a thread that is not the main one */
	const char *made_by; /* import that made it; 0: not known */
	uint64_t after_call; /* begin after this return address in the innermost frame, not that of its node; 0: do not */
	const struct value *held_at; /* begin at that function's entry, where it lies in memory there; 0: do not */
	const struct value *left_at; /* the call that made it left it there; 0: it returned it, unless it is known to do otherwise */
	enum { RESULT_UNKNOWN, RESULT_NONE, RESULT_SOME } result; /* of that call, where it left the block elsewhere */
	bool is_delivery_open; /* it may as well have been left elsewhere */
	bool is_shallow;     /* functions that get it are not entered */
	bool is_counted;     /* it has a count of references, which is 1 at first */
	int64_t count_offset;
	unsigned count_width; /* 0: where it lies is not known */
	uint64_t started;    /* where the ways begin */
	struct way *steps;  /* from 1 */
	uint32_t step_count, step_room;
	struct edge_of_way *edges;
	uint32_t edge_count, edge_room;
	uint64_t instructions, most_instructions;
	uint64_t until_us;   /* no further once walk_time_us is beyond; 0: no limit */
	uint64_t any_cycle; /* address at which some way let it hold what holds it; 0 */
	bool has_counted; /* and counted references meanwhile */
	bool is_handled; /* judged: the last use was by a function that was called before what held it was let go */
	bool is_cut;	 /* not all ways were followed */
	bool is_long;	 /* since there were too many, or they were too long */
	bool is_shared;  /* a thread was begun that got it */
	struct state *kept;  /* of a way that was not followed to its end, when the block lay in memory other than a variable; 0 */
	bool met_unknown; /* a call or jump whose target is not known got the block */
	struct walk_private *private;
};

/* For those who ask only what is known before calls. */
void walk_prepare(struct walk *w);

/* Time that this process had of a processor, so that a busy machine changes no answer. */
uint64_t walk_time_us(void);

/* Follows. Returns 0, or -1 where it cannot begin. */
int walk(struct walk *w);
void walk_drop(struct walk *w);

/* The same from wherever the call that made it left it, if that is another place than its result. */
struct leak;
int delivery_walk(const struct leak *leak, struct walk *w);
#endif
