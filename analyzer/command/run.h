/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RUN_H
#define LEAKSHIM_RUN_H
/*
 * Runs a program with the shim preloaded and gathers the traces that it and its children
 * leave. Reports nothing itself.
 *
 * 1. The program sees its own terminal, descriptors, signals and arguments; only LD_PRELOAD
 *    and LEAKSHIM_OPTIONS are added to its environment.
 * 2. Signals from the terminal reach the program by themselves; those sent to this process
 *    alone are passed on.
 * 3. How the program died is written into its trace, which cannot know it after a SIGKILL.
 */
#include <sys/types.h>
#include "options.h"

#define RUN_AWAITED 64u

struct run_outcome {
	int status;    /* of the program, as a shell has it; 126 and 127: it did not start */
	char **traces; /* the first program's first, then by start */
	unsigned trace_count;
	bool has_root; /* traces[0] is the first program's */
	bool drops_clean; /* nobody asked for clean traces to be kept */
	bool is_lost;  /* what it became by its last exec left no trace */
	pid_t awaited[RUN_AWAITED]; /* processes that live on and have made nothing yet: their traces come into the folder later */
	unsigned awaited_count;
	struct looks *looks; /* at how fast it grew; 0: nobody asked */
	char folder[4096]; /* of the traces, but for the one that -o moved */
};

/* Returns 0 once the program has run, else -1 after saying why it could not. */
int run_program(struct run_outcome *outcome, const struct options *o);

/* Removes the folder if nothing is in it and nothing will be. */
void run_tidy(const struct run_outcome *outcome);

void run_forget(struct run_outcome *outcome);
#endif
