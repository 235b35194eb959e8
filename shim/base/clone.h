/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CLONE_H
#define LEAKSHIM_CLONE_H
/*
 * Making processes of our own that hold no open file of the program.
 *
 * A process that is made with a copy of the table of descriptors keeps alive what the program closes meanwhile: an epoll
 * set goes on telling of a closed connection, a reader waits for the end of a pipe. So ours begin by sharing the
 * table, and leave it by close_range(CLOSE_RANGE_UNSHARE), which makes them an empty one. Measured: that call still takes
 * references of the first 64 descriptors and drops them before it returns (the smallest table the kernel makes has
 * 64 places). So whoever closes in these microseconds must not go on before they are over: a word says that it is
 * so, and the program's close() waits for it (host/closing.c). Kernels before 5.9 have no such call: there the process
 * begins with a copy, which it closes one by one while close() waits.
 *
 * Raw system calls only. Async-signal-safe. No exit signal: no SIGCHLD, nothing for wait(-1) to find.
 */
#include <stdint.h>

/* clone() onto another stack, where it runs entry(data), which does not return. Returns the pid or -errno. */
long clone_onto(void *stack_top, long flags, void (*entry)(void *), void *data);

/* What to add to the flags of a clone that leaves the table afterwards: CLONE_FILES, or 0 where it cannot be left. Then *held is
 * set from now on, and belongs to the new process. If there will be none, call clone_failed. */
long clone_table(uint32_t *held);
void clone_failed(long table, uint32_t *held);

/* In the new process, which shares *held with its parent: the table becomes an empty one, with stderr if that is kept.
 * Returns 0 or -errno. */
long clone_leave(long table, int keep_stderr, uint32_t *held);
#endif
