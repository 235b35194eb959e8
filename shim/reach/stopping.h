/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STOPPING_H
#define LEAKSHIM_STOPPING_H
/*
 * At the end of the process its other threads may be running: nobody knows where on their stacks they stand, and the dead
 * part would hold what is lost. There they can be stopped for a moment, each in our handler of the request signal, where it
 * tells its registers. Never while the program goes on: what is on its way then stays on its way.
 *
 * 1. Only threads that do not wait in a system call get the signal, so that no call of the program is interrupted, and
 *    only where they do not block it: a thread that blocks signals may have no room for a handler on its stack.
 * 2. Nobody waits long: a thread that does not come stays one of which nothing is known; one that was stopped goes on by
 *    itself if it is forgotten.
 * Raw system calls only. Async-signal-safe.
 */
#include "tasks.h"

#define STOPPING_MARK 0x6b656c66 /* the signal's value */

/* Asks the threads of which nothing is known, and waits. Their entries are filled as they come; one may come as late as it
 * likes, so the entries stay where they are for good if this returns 1. */
int stopping_begin(struct tasks *tasks, uint32_t self, uint32_t signal);

/* They go on. */
void stopping_end(void);

/* In the handler of the signal. */
void stopping_arrive(const struct snapshot_here *here);
#endif
