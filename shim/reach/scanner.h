/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SCANNER_H
#define LEAKSHIM_SCANNER_H
/*
 * The process that scans: made, given signals, limits and priority of its own, and waited for.
 *
 * 1. A raw clone with exit signal 0: no SIGCHLD, nothing for wait(-1) to find but with __WALL or __WCLONE (scanner_met).
 * 2. All signals are blocked while it is made: no handler of the program runs in it.
 * 3. It has no open file of the program (clone.h), but for stderr if a report is to follow.
 * 4. It ends in any case, by itself or by its own timer.
 *
 * Raw system calls only. Async-signal-safe.
 */
#include "cut.h"
#include "state.h"

/* A fork wipes this. */
struct scanner_part {
	uint32_t pids[64]; /* that were not waited for */
};
#define scanner_state STATE_PART(scanner)
STATE_PART_FITS(scanner);

/* A process with a copy of our memory, which scans and then calls `then`. Returns its pid, or -errno; does not return there. */
long scanner_copy(struct reach_cut *cut, void (*then)(void));

/* What one that shares our memory goes on with when we have returned; must stay where it is. */
struct scanner_shared {
	struct reach_cut cut;
	void (*then)(void);
	long table; /* clone.h */
};

/* Such a process, on a stack of its own. Returns its pid, or -errno. */
long scanner_share(struct scanner_shared *shared, unsigned char *stack, long stack_size);

/* In a scanning process with a copy that will only wait: gives the pages of its copy back, so that the program does not
 * go on paying for it. */
void scanner_forget_copy(void);

/* A scanning process is to be waited for some time. */
void scanner_remember(uint32_t pid);

/* Waits for those that have ended. Returns 1 if `pid` is not running any more. */
int scanner_reap(uint32_t pid);

/* Ends what takes an image for a scanning process, which waits for it: otherwise a program that its orphans are given to would
 * have one more child. */
void scanner_end_image(const struct trace_scan *scan);

/* The program's wait has met a child: is it one of these? Then it is gone, or waited for now. */
int scanner_met(uint32_t pid);
#endif
