/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WAYS_PRIVATE_H
#define LEAKSHIM_WAYS_PRIVATE_H
/*
 * Shared by judge_ways.c (which way is told of), ways_candidates.c (which there are), ways_frames.c (the frame in which the
 * release is missing), ways_lines.c (the lines) and ways_seen.c (what a second look saw), and nobody else.
 */
#include <string.h>

#include "explain_private.h"

#define CANDIDATES_MAX 64u
#define SEEN_MOST 8u
#define TAIL_MAX 60u /* instructions that are looked at after a death */

/* A way on which the block is lost. */
struct candidate {
	uint32_t lost;	/* step at which it died */
	uint32_t parts; /* first step from which nothing saves it, 0: nothing ever did */
	uint32_t blamed; /* a step in the frame in which the release is missing */
	enum outcome outcome;
	uint64_t died; /* where, if not at the end of `lost` */
	struct missing_release missing;
	bool is_improbable, is_strange, was_resized;
	bool is_handled; /* a function that was called by a pointer had it last, from where what held it was let go */
	bool is_left; /* its register got another value after the inlined function was left, or the ways part in what that calls */
	uint64_t was_jumped, was_thrown;
	bool is_counted, is_raised; /* a count of references remained; because of one more retain than others had */
	bool is_given_up; /* what held it was released, by who had just made it */
	uint64_t cycle;
	unsigned agrees; /* see ways_agree */
	bool is_late; /* the next one was made before the ways part */
	bool is_once; /* see ways_once: of all ways that come to the same */
	unsigned ways; /* that come to the same */
};

struct judging {
	struct work *w;
	struct walk *walk;
	struct candidate candidates[CANDIDATES_MAX];
	unsigned count;
	bool *is_late;	 /* [step]: the next one was made on all ways there, by the same call */
	uint32_t *saved; /* pieces on ways that can save the block */
	unsigned saved_count;
	bool is_direct; /* nothing that is lost leads to it */
	bool is_several; /* more than one is lost by itself */
	bool is_without_exceptions; /* none was thrown in the whole run */
	uint64_t seen[SEEN_MOST]; /* calls that were open when a second look saw it held last, from the frame that had it outwards in */
	unsigned seen_count;
	const struct place *held_in; /* whose frame a second look saw hold it last; 0 */
};

static inline bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static inline bool is_loss(enum outcome o)
{
	return o >= OUTCOME_EXIT && o <= OUTCOME_THREAD;
}

static inline bool is_frame(const struct way *a, const struct way *b)
{
	return a->level == b->level && a->visit == b->visit;
}

/* Did it die in a frame that is one of the block's own stack? */
static inline bool is_creation_frame(const struct walk *w, const struct candidate *c)
{
	return w->steps[c->lost].visit >= 0x80000000u;
}

/* The frame of a place that a person would name: of the function whose variable it is, if that is there; else the
 * innermost one that is not of the language's own headers. */
const struct frame *place_frame(const struct place *place, const char *scope);

/* Is it in a function, or in one that it is inlined into? */
bool place_has(const struct place *place, const char *function);

/* Of functions inlined at a place, the innermost one that does not give a pointer back. */
const char *place_keeper(const struct place *place);

/* The innermost function of which both places are in the same inlined copy; 0: none is. */
const char *place_common(const struct place *a, const struct place *b);

/* The first step on the way to a loss from which nothing saves the block; 0: nothing ever did. */
uint32_t ways_parting(const struct walk *w, uint32_t lost);

/* Where a frame of the block's stack got it; 0: it is none of those. */
const struct place *ways_got_at(const struct judging *j, const struct way *frame);

/* Does no way lead from a step to where the block was made, since main is left, or what it calls once? Then one block is lost so,
 * and no more. */
bool ways_once(const struct judging *j, uint32_t from_step);

/* A step in the frame in which the release is missing. */
uint32_t ways_blamed(const struct judging *j, const struct candidate *c);

/* Are all releases in a frame within a function that is inlined there? */
bool ways_free_in(const struct judging *j, const struct way *frame, const char *function);

/* The function whose variable holds what a call in a frame of the block's stack gave back. Of what was inlined there, a
 * function that gives pointers back is none, nor one out of which the block is taken to be released. 0: not known. */
const char *ways_scope(const struct judging *j, const struct way *frame);

/* The innermost function that is inlined both where a frame got the block and where the ways part, if it has no use for the
 * block after that; 0. */
const char *ways_scope_of_branch(const struct judging *j, const struct way *frame, const struct candidate *c);

/* The innermost function inlined where a frame got the block that the way to the loss does not leave: it alone had it. 0: none. */
const char *ways_scope_kept(const struct judging *j, const struct way *frame, const struct candidate *c);

/* The innermost function inlined where the ways part in which others are released from there on, or a reference to them; 0. */
const char *ways_scope_freeing(const struct judging *j, const struct candidate *c);

/* Notes which pieces lie on ways that can save the block: before lines are asked for. */
void ways_note_saved(struct judging *j);

/* Notes which come after the next one was made, however they are come to. */
void ways_note_late(struct judging *j);

/* Notes what was open when a second look saw the block held last: before ways_agree. `seen` may be 0. */
void ways_note_seen(struct judging *j, const struct leak *leak, const struct watched *seen);

/* How many of the calls that were open then, from the block's own frame inwards, lie on the way to a loss; 0: nothing speaks
 * for it. */
unsigned ways_agree(const struct judging *j, uint32_t lost);

/* Ways part before a second look saw the block held: the step of the same frame that comes after that. Else the parting. */
uint32_t ways_parting_seen(const struct judging *j, uint32_t lost, uint32_t parts);

/* Fills the candidates, with where the release is missing. */
void ways_gather(struct judging *j);

enum cause ways_cause_of(const struct candidate *c);

/* Writes down where the release is missing, for a candidate that is blamed. */
void ways_locate(struct judging *j, struct candidate *c);
#endif
