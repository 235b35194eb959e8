/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FOLLOW_H
#define LEAKSHIM_FOLLOW_H
/*
 * Waits for a program that is traced, and follows the threads that make blocks of sites in focus instruction by instruction:
 * what a second look by `run --explain` is for.
 *
 * 1. The program sees no signal, no exit status and no order of calls but its own; it is only slower. Functions of the
 *    language's and of other libraries are passed at full speed.
 * 2. Only a process with one thread is followed, and at most FOLLOW_STEPS instructions; after that the program runs freely.
 * 3. What would show to the program is not followed: instructions that keep the processor's flags, its own steps, and what
 *    comes after it blocks or ignores SIGTRAP. A signal that stops it does so.
 * 4. Who follows must not be killed by SIGKILL: the kernel then leaves the thread with a step or a breakpoint that is set.
 * 5. Where following is refused (seccomp, another tracer), the program runs as it would.
 */
#include <sys/types.h>

#define FOLLOW_STEPS 150000u

/* A child, before it becomes the program: from now on it is traced. It stops by signals as it would otherwise.
 * Returns 0, or -1: that is refused. */
int follow_take(pid_t child);

struct lives; /* lives.h */

/* Waits until the child, which was taken or not, has ended. Returns its wait status; *lives: what was seen, for lives_close; 0:
 * nothing. */
int follow_wait(pid_t child, struct lives **lives);
#endif
