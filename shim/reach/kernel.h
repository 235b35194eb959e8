/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_KERNEL_H
#define LEAKSHIM_REACH_KERNEL_H
/*
 * Pointers that only the kernel holds: user data of epoll sets (/proc/self/fdinfo), values of
 * POSIX timers (/proc/PID/timers), bytes waiting in pipes (copied by tee, not taken out).
 * Only inside the scanning process, which has the program's descriptors.
 */
#include "mark.h"

/* Marks what they point to. Returns 0, or -1 if something could not be looked at. */
int reach_kernel_scan(struct reach_marker *m, uint32_t pid, struct reach_arena *arena);
#endif
