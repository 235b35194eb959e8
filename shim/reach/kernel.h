/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_KERNEL_H
#define LEAKSHIM_REACH_KERNEL_H
/*
 * Pointers that only the kernel holds: user data of epoll sets, buffers that a ring of requests has registered, and what waits
 * in an eventfd (/proc/self/fdinfo); values of POSIX timers (/proc/PID/timers); bytes waiting in pipes (copied by tee, not
 * taken out); alternate signal stacks (signal_stacks.h).
 *
 * Not seen, since nothing tells of it: what waits in a socket, values of signals that wait and of mq_notify, memory that a
 * thread told the kernel of by set_robust_list, set_tid_address and the like with its own hands.
 */
#include "mark.h"

/* What can be read by the program's own descriptors only goes into cut->queued. In a thread of the
 * program. Two descriptors of ours appear there if bytes wait in a pipe. */
void reach_kernel_before(struct reach_cut *cut);

/* The same in the scanning process, for what needs none of its descriptors. While the kernel refers to open files of the program on
 * our behalf, its close() waits: so this comes before we become modest, for a modest process may wait a second for a processor. */
void reach_kernel_gather(struct reach_cut *cut);

/* Marks what all of it points to. Returns 0, or -1 if something could not be looked at. In the scanning process. */
int reach_kernel_scan(struct reach_cut *cut, struct reach_marker *m, struct reach_arena *arena);
#endif
