/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STOPPING_H
#define LEAKSHIM_STOPPING_H
/*
 * At the end of the process its other threads may be running: nobody knows where on their stacks they stand, and the dead
 * part would hold what is lost. There they can be stopped for a moment, each in our handler of the request signal, where it
 * tells its registers. Never while the program goes on: what is on its way then stays on its way.
 *
 * 1. Only threads that do not wait in a system call get the signal, so that no call of the program is interrupted.
 *    Those that block it get the one that glibc lets nobody block, for which every thread must have room on its stack:
 *    glibc itself sends it when the process changes its user. Where the kernel says that it is blocked, it is not sent.
 * 2. Nobody waits long: a thread that does not come stays one of which nothing is known; one that was stopped goes on by
 *    itself if it is forgotten.
 * Raw system calls only. Async-signal-safe.
 */
#include <signal.h>
#include "tasks.h"

#define STOPPING_MARK 0x6b656c66 /* the signal's value */
#define STOPPING_SHIELDED 33     /* glibc's own: no mask of the program has it */

/* Asks the threads of which nothing is known, and waits. Their entries are filled as they come; one may come as late as it
 * likes, so the entries stay where they are for good if this returns 1. */
int stopping_begin(struct tasks *tasks, uint32_t self, uint32_t signal);

/* They go on. */
void stopping_end(void);

/* May a thread that blocks these stand where it has no room for a signal? Registered by whoever knows of such places. */
extern int (*stopping_is_crowded)(uint64_t blocked) __attribute__((visibility("hidden")));

/* STOPPING_SHIELDED was not sent by us. */
void stopping_pass_on(int number, siginfo_t *info, void *context);

/* In the handler of the signal. */
void stopping_arrive(const struct snapshot_here *here);
#endif
