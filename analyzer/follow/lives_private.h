/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LIVES_PRIVATE_H
#define LEAKSHIM_LIVES_PRIVATE_H
/*
 * Shared by lives.c (what leads to blocks), lives_scopes.c (functions that were inlined) and lives_parting.c (where the ways of
 * lost ones part from those of released ones), and nobody else.
 */
#include "lives.h"

#define ACTIVE_MOST 16u
#define LIVES_MOST 256u
#define CELLS_MOST 24u
#define LOG_MOST 400000u
#define LOST_AFTER 24u	    /* instructions that a pointer may spend where it is not seen: in vector registers */
#define LIFE_MOST 40000u    /* instructions */
#define ENOUGH_LOST 4u
#define ENOUGH_FREED 6u
#define ENOUGH_FOLLOWED 40u
#define STACK_MOST (8ull << 20)
#define BESIDE_MOST 256u /* bytes between two words of one owner */
#define REST_EVERY 512u
#define DEPTH_MOST 256u
#define AFTERWARDS 120u	    /* instructions of the program that are followed after a release */
#define CHAIN_MOST 32u
#define NUMBERS_MOST 4u
#define UPS_MOST 16u
#define GIVEN_MOST 16u
#define BETWEEN_MOST 16u
#define NEWS_MOST 16u
#define NUMBER_MOST 64
#define ALIKE 24u	    /* first instructions by which those are known that the same call made */
#define NEAR 64u
#define WINDOW 300u /* instructions after a use that belong to it */

enum end { END_NONE, END_FREED, END_LOST, END_THREAD, END_UNKNOWN };

struct cell {
	uint64_t at, born; /* where it lies, and the instruction that wrote it */
	bool is_stack;
};

struct life {
	uint64_t address, size;
	uint32_t site;
	struct cell cells[CELLS_MOST];
	unsigned cell_count;
	uint32_t begin, use, end_at; /* in the log */
	uint32_t entered; /* the number of the last function that had been entered */
	uint32_t *uses; /* in the log, ascending */
	uint32_t use_count, use_room;
	uint32_t *lent; /* numbers of functions' entries that got it as an argument, ascending */
	uint32_t lent_count, lent_room;
	uint32_t chain[CHAIN_MOST]; /* entries that had not returned when it was released, outermost first */
	unsigned chain_count;
	uint32_t own_use; /* the last one that was in no such function */
	uint32_t given[GIVEN_MOST]; /* numbers of functions' entries that returned it */
	unsigned given_count;
	uint32_t between[BETWEEN_MOST]; /* returns, in the log, of functions from who made it out to the one whose variable held it */
	unsigned between_count;
	uint32_t jumped_at, resized_at;
	struct { uint64_t at; int64_t value; } numbers[NUMBERS_MOST]; /* small ones in it */
	unsigned number_count;
	uint32_t counted_at; /* one of them went down, and was not 0 then */
	uint32_t ups[UPS_MOST]; /* where they went up */
	unsigned up_count;
	uint32_t unheld; /* instructions since something was seen to lead to it */
	uint32_t unheld_at;
	uint32_t killed_at; /* where a word outside stacks that led to it was changed last */
	uint32_t replaced_at, replaced_by; /* where the last that led to it came to lead to a block, and where that one was made */
	unsigned flags, killed_flags;
	uint64_t owner, beside;
	uint64_t beside_distance;
	bool was_variable; /* what was changed there was a function's */
	bool was_written_again; /* the last word by the instruction that had put it there */
	bool is_unsure; /* what led to it was let go where nobody saw it */
	bool was_shared; /* something other than variables of functions led to it */
	bool is_kept;	 /* by the thread, until it ends */
	enum end end;
};

struct lives {
	struct places *places;
	struct life lives[LIVES_MOST];
	unsigned count;
	uint32_t active[ACTIVE_MOST];
	unsigned active_count;
	uint64_t *log; /* program counters of the program's own code */
	uint32_t *entries; /* [log index]: number of the function's entry */
	uint32_t *bodies;  /* [log index]: the same of the function that was called, in which others may be inlined */
	uint32_t *body_of; /* [number of an entry]: the same number */
	uint32_t *called_from; /* [number of such an entry]: log index of what called it */
	uint32_t body_count;
	unsigned char *is_placed; /* [log index]: it is known which function an instruction belongs to */
	uint16_t fresh;	   /* registers that were written since the last return: only they are arguments */
	bool is_own;	   /* the instruction is the program's */
	bool is_plain;	   /* and what it writes is a number that stands there */
	uint64_t *starts;  /* [number of an entry]: its first instruction; later the hash of its name */
	uint32_t *callers; /* [number of an entry]: log index of what called it; later the number of the entry around it */
	uint32_t freed_at, since_freed;
	struct { uint64_t address, size; uint32_t begin; } news[NEWS_MOST]; /* others that were made, the latest */
	unsigned news_count;
	unsigned resized_count; /* lives when a realloc began */
	uint64_t resized_size; /* of the block that is being resized */
	uint64_t now; /* the instruction that is looked at */
	uint32_t log_count, since_check;
	struct { uint64_t sp; uint32_t entry; } frames[DEPTH_MOST]; /* functions that were entered, and the one that was there before */
	unsigned depth;
	uint32_t last_entry;
};

/* Blocks of a site that ended in one way; END_NONE: in any. */
unsigned lives_count(const struct lives *l, uint32_t site, enum end end);

/* Did a function get it as an argument, by the number of its entry? */
bool lives_is_lent(const struct life *life, uint32_t entry);
void lives_note_lent(struct life *life, uint32_t entry);

/* Tells entries of functions that were inlined from that of the function around them. */
void lives_find_scopes(struct lives *l, lives_scopes *scopes, void *context);
#endif
