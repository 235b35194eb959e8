/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LIVES_H
#define LEAKSHIM_LIVES_H
/*
 * The lives of some blocks of one thread, from where each was made: what leads to it after each instruction, which instruction
 * used it last, and how that ended.
 *
 * 1. Only what was seen counts: a word that leads to a block is known because an instruction wrote it.
 * 2. The ways of those that were released are compared with the ways of those that were lost. From the last use of a lost one
 *    on, the first instruction that no released one of its site came by is where they part.
 */
#include <sys/user.h>

#include "places.h"
#include "trace.h"

struct lives;

struct lives *lives_open(struct places *p);
void lives_close(struct lives *l);

/* Is more to be known about a site? */
bool lives_wants(const struct lives *l, uint32_t site);

/* A thread is followed from here on: a function called what comes back to this stack pointer. */
void lives_resume(struct lives *l, uint64_t sp);

/* The next instruction sees a new block. */
void lives_begin(struct lives *l, uint64_t address, uint64_t size, uint32_t site);

/* A new block of a site of which enough is known. */
void lives_note_new(struct lives *l, uint64_t address, uint64_t size);

/* An instruction was executed. */
void lives_step(struct lives *l, const struct insn *i, const struct user_regs_struct *before, const struct user_regs_struct *after);

/* A function is about to run that is not followed, at its entry; and it came back. */
void lives_call(struct lives *l, enum deed deed, const struct user_regs_struct *entry);
void lives_returned(struct lives *l, enum deed deed, const struct user_regs_struct *entry, const struct user_regs_struct *after);

/* Do a function's arguments lead to a block? */
bool lives_pass(const struct lives *l, const struct user_regs_struct *entry);

/* A block is let go; `is_here`: by the thread that is followed. */
void lives_gone(struct lives *l, uint64_t address, bool is_here);

/* A longjmp begins. */
void lives_jumped(struct lives *l);

/* The thread or the whole process ended; or it is not followed any more. */
void lives_ended(struct lives *l, bool is_process);
void lives_drop(struct lives *l);

/* Is there something to follow: a block, or how it goes on after one was released? */
bool lives_active(const struct lives *l);

/* Was a block lost? */
bool lives_found(const struct lives *l);

#define LIVES_SCOPES 12u

/* Hashes of the names of the functions that an instruction belongs to: the one whose code it is first, then what was inlined
 * there, at most LIVES_SCOPES. The lowest bit of each: its result is a pointer. Returns how many; 0: not known, it belongs to
 * what comes before it. */
typedef unsigned lives_scopes(void *context, uint64_t pc, uint64_t *names);

/* What is to be told of those that were lost. Once. Returns how many, at most TRACE_PARTED_MOST. */
unsigned lives_tell(struct lives *l, lives_scopes *scopes, void *context, struct trace_parted *to);
#endif
