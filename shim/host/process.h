/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROCESS_H
#define LEAKSHIM_PROCESS_H
/*
 * The life of the traced process: its start, its forks, its ends.
 *
 *   (loaded) --process_start--> tracing --process_finish--> ended
 *      |                          |fork: the child's state is zero; its first
 *      +--> stopped (aside)       |allocation calls process_begin, which makes a new trace
 *
 * "stopped" is for ever, in this process and its fork children.
 */
#include <stdint.h>
#include "guard.h"
#include "snapshot.h"

/* Starts tracing in a freshly executed program. Called from the constructor. */
void process_start(int argc, char **argv, char **envp, enum guard_start begun);

/* The signal by which the analyzer asks for a scan of this process, and of its fork children; 0: none. */
void process_listens(uint32_t signal);

/* The signals that the program has handlers for (trace_header.caught). */
void process_catches(uint64_t signals);

/* What the room of signals registers here: its handlers give their places back before a filter of system calls under which
 * they could not return, and take them again if it was not installed. Before anybody relies on it, it is made sure that the
 * signal of requests is still ours. */
extern struct process_signals {
	void (*withdraw)(void), (*take_again)(void), (*verify)(void);
} process_signals __attribute__((visibility("hidden")));

/* Called while state.tracing is 0. Returns 1 if tracing has begun (a fork child). */
int process_begin(void);

/* Stamps the end of this process into its trace; reports if asked to. Nothing happens
 * in a vfork child, whose end is not the end of the process the trace belongs to. */
void process_finish(enum trace_end end, int detail, int report, const struct snapshot_here *here);

/* Before exec: classifies and stamps. After it failed: takes the stamp back. Both keep errno. */
void process_exec(const struct snapshot_here *here);
void process_exec_failed(void);

/* Scans the living process, and reports it if `report`; from the signal handler. */
void process_snapshot(const struct snapshot_here *here, int report);

/* Scans and reports now, on the program's own wish, and waits for the verdict at most `ms`. Returns 1
 * if something is lost. */
int process_check(const struct snapshot_here *here, int ms);

/* That was the check of the program: its end makes none of its own. */
void process_checked(void);

/* Steps aside for good, saying why once, and what to do (cure, or 0). */
void process_stop(const char *why, const char *detail, const char *cure);
#endif
