/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_EXPLAIN_PRIVATE_H
#define LEAKSHIM_EXPLAIN_PRIVATE_H
/*
 * Shared by the parts of the explanation, and nobody else.
 */
#include "explain.h"
#include "model.h"
#include "symbols.h"
#include "walk.h"

struct work {
	struct model *model;
	struct symbols *symbols;
	struct code *code;
	struct diagnosis *diagnosis;
	uint64_t group_until_us; /* walk_time_us at which the code of a group was followed for long enough */
	unsigned without;  /* bits of enum evidence */
	uint32_t *exceptions; /* thrown.c */
	unsigned exception_count;
	bool has_exceptions;
	struct emptied *emptied; /* emptied.c */
	struct deeds *deeds;     /* deeds.c */
	struct look *look;       /* its working memory */
	const struct explanation *is_unseen; /* a way that a second look did not see taken; 0 */
};

static inline bool work_has(const struct work *w, enum evidence evidence)
{
	return !(w->without & 1u << evidence);
}

/* Where others that were made like a leak were let go. */
struct siblings {
	const struct release *releases; /* most frequent first */
	unsigned count;
	uint64_t watched; /* sum of their counts */
	bool is_same_lines; /* only by other calls of the same line */
	bool is_same_stack; /* made by the same stack, not only the same call */
};

/* The program's own frames of a stack, from the innermost up to where others begin again. Returns how many. */
unsigned explain_nodes(struct work *w, uint32_t node, uint32_t *nodes, unsigned max);

void siblings_find(struct work *w, const struct leak *leak, const uint32_t *nodes, unsigned node_count, struct siblings *s);

/* Where a released block came into the hands of those who release it. */
struct origin {
	unsigned frame;	     /* index in the stack of the release */
	uint64_t after_call; /* a call gave it, this is its return address; 0: it was there at the function's entry */
	bool is_held;
	struct value held_at;
};

/* nodes: the program's own frames of a release, innermost first. */
bool origin_find(struct work *w, struct flow *f, const uint32_t *nodes, unsigned count, struct origin *o);

/* Return address of the call that made what holds the block at the end of some way, or of the function's call in which it
 * was made (is_inner); 0: not known. */
uint64_t origin_of_holder(const struct walk *w, bool *is_inner, int64_t *offset);

/* Where is what holds the block released? Writes it down if that is known. */
bool owner_explain(struct work *w, struct leak *leak, const struct walk *walk, const struct siblings *siblings);

/* Where the release of what held a block belongs to the program: the destructor, where C++ calls one. `before`: what its thread
 * did last before that; 0: not known. 0: nowhere. */
const struct missing_release *owner_place(struct work *w, uint32_t node, uint32_t before, bool is_object, enum confidence *confidence);

/* Is the member of a structure in which the block was put looked after before a release of such a structure? False where that is not
 * known. */
bool let_down_is_taken(struct work *w, const struct release *r, const struct walk *walk);

/* Who lets go structures of the type that held it, and never touches the member that did? Writes it down if that is known. */
bool let_down_explain(struct work *w, struct leak *leak, struct walk *walk, const struct siblings *siblings);

/* A library let go what held it, and asks a function of the program to let go what that leads to. Returns whether there is one
 * that does so with what was made beside it. */
bool handler_explain(struct work *w, struct leak *leak, const struct siblings *siblings, const struct walk *walk);

/* Does an instruction call, or jump to, a function of a library that releases what it gets? */
bool owner_releases(struct work *w, const struct insn *i);

/* Is an address in a function that lets go what it gets without ever looking into it, for others? */
bool owner_is_passed_on(struct work *w, uint64_t address);

/* What most of the blocks of a leak in focus were seen to lose; 0: none was seen. `same` of `all` agree. */
const struct watched *watched_find(struct work *w, const struct leak *leak, unsigned *same, unsigned *all);

/* Do they lead to one another, as the elements of a list do of which nobody has the head any more? */
bool watched_is_list(const struct work *w, const struct leak *leak);

/* The frame whose variable was the last to hold it; 0. */
const struct place *watched_frame(struct work *w, const struct watched *seen);

/* Two stacks of one thread, an earlier and a later one: their frames of the innermost function that went on from one call to
 * another. False: there is none. */
bool stacks_part(struct work *w, uint32_t earlier, uint32_t later, uint32_t *in_earlier, uint32_t *in_later);

/* Puts what a second look saw into the explanation. ways: from where it was made. is_thrown: exceptions are known to have lost it. */
void watched_explain(struct work *w, struct leak *leak, const struct siblings *siblings, const struct walk *ways, bool is_thrown);

/* The destructor of the class in whose constructor it was made, where the object is destroyed that the constructor's caller has;
 * 0: not found. */
const struct missing_release *seen_destructor(struct work *w, const struct leak *leak);

/* The destructor of the class one of whose methods made it, if it does not release siblings; 0: not found. *is_within: that of
 * a class within it, to which it leaves its object. */
const struct missing_release *seen_class_destructor(struct work *w, const struct leak *leak, const struct siblings *siblings,
						    bool *is_within);

/* Is there a function that takes pointers out of a container and releases nothing? */
bool emptied_explain(struct work *w, struct leak *leak, const struct siblings *siblings);

/* Did the scan find that what the leaked blocks lead to leads back to them? */
bool hangs_in_circle(const struct work *w, const struct leak *leak);

/* Follows the ways of one caller alone. inner: those from where it was made. Returns whether that told something. */
bool outer_explain(struct work *w, struct leak *leak, const struct walk *inner, const struct siblings *siblings);

/* What can be told of a circle without knowing the line. Returns whether it is one. */
bool circle_explain(struct work *w, struct leak *leak, const struct walk *walk, const struct siblings *siblings);

/* Puts what following it instruction by instruction showed into the explanation. Returns whether there was something.
 * last: what was seen of who held it last; 0. */
bool parted_explain(struct work *w, struct leak *leak, const struct siblings *siblings, const struct watched *last);

/* Is a function called by a pointer there, not by its name? */
bool calls_by_pointer(struct work *w, uint64_t call);

/* Where something that lay beside it was let go, or where its way ended, in code that is known by its line; 0. */
const struct missing_release *parted_near(struct work *w, const struct leak *leak);

/* Does a frame belong to headers of the system, say of the C++ library? */
bool place_is_of_headers(const struct frame *f);

/* Can code go on from one address of a function to what follows another one, without leaving what is inlined there (scope; 0:
 * without leaving the function)? `to`: as a return address. */
bool code_goes_on(struct code *c, const char *scope, uint64_t from, uint64_t to);

/* Is it sure that it can not? */
bool code_never_goes_on(struct code *c, uint64_t from, uint64_t to);

/* Is a word of a function's frame never read on any way on from an address, before it is written to? `distance`: from where the
 * return address lies. False where that is not known: without a frame pointer, or if somebody gets the word's address. */
bool code_is_unread(struct code *c, uint64_t from, int64_t distance);

/* Did several threads make one each, without a lock? */
bool is_raced_for(struct work *w, const struct leak *leak, struct walk *walk);

/* No way through the code loses it. Writes down what else may have happened. */
bool contradiction_explain(struct work *w, struct leak *leak, struct walk *walk, const struct siblings *siblings);

/* Was any exception made? It is allocated, so that none can have been thrown otherwise where all blocks are followed. */
bool thrown_any(struct work *w);

/* Did exceptions that were seen lose it? What is known better stays. */
bool thrown_explain(struct work *w, struct leak *leak, const struct siblings *siblings);

/* Did as many exceptions pass the function that releases others as are lost? Tells so then, as a guess. */
bool thrown_past_release(struct work *w, struct leak *leak, const struct siblings *siblings);

/* Of what went with its thread by a guess: who ended that. */
void thread_end_explain(struct work *w, struct leak *leak, const struct siblings *siblings);

/* Does the function that released what held it let go one thing at a time, and siblings by the same call? Then who called it forgot
 * the rest. The node of that caller; 0: it does not. */
uint32_t owner_one_by_one(struct work *w, uint32_t node, const struct siblings *siblings);

const struct missing_release *missing_of(struct work *w, const struct place *place, const struct frame *f);
const struct missing_release *missing_at(struct work *w, uint64_t address);

/* Of a counted object of which nothing else is known: the program retained it more often than it released it. */
void retained_explain(struct work *w, struct leak *leak);

/* Of a counted object whose records name the reference that was not given back. Returns whether they do. */
bool unpaired_explain(struct work *w, struct leak *leak);

/* One call made several things for its caller, which lets go the others and never this one: it is that one's to do. */
void beside_explain(struct work *w, struct leak *leak);

/* What its owner let down was a reference, if the block counts them. */
void counted_explain(struct work *w, struct leak *leak, const struct walk *walk);

/* Of what is reachable. */
void kept_explain(struct work *w, struct leak *leak);

/* Wrong uses, which were seen as they happened. */
void findings_explain(struct work *w);

/* What an explanation rests on. */
void because_add(struct work *w, struct explanation *e, const char *text);
void because_inner(struct work *w, struct explanation *e, const char *text); /* how it was found */
void evidence_siblings(struct work *w, struct leak *leak, struct explanation *e, const struct siblings *s);
void evidence_holder(struct work *w, struct explanation *e, const struct walk *walk, const struct way *lost,
		     const char *function, const char *until);
void evidence_advice(struct work *w, const struct leak *leak, struct explanation *e);

/* Chooses among the ways that lose the block, and writes it down. */
void judge_ways(struct work *w, struct leak *leak, struct walk *walk, const struct siblings *siblings);
#endif
