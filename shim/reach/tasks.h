/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TASKS_H
#define LEAKSHIM_TASKS_H
/*
 * Where the threads of the process stand, as the kernel tells without a permission or a stop:
 * /proc/self/task/TID/syscall has the stack pointer of a blocked one and the arguments of the call it waits in.
 *
 * Raw system calls only. Async-signal-safe.
 */
#include <stdint.h>
#include "cut.h"

#define TASKS_LISTING 32768u /* bytes behind the threads that serve as a buffer while they are read */

/* And behind those, for what the kernel holds: in descriptors, and of each thread. */
static inline uint64_t tasks_queued(uint64_t threads)
{
	return 65536 + threads * sizeof(struct reach_queued);
}

/* In a mapping of its own, which a clone copies. */
struct tasks {
	struct reach_thread *thread;
	uint32_t count, most;
	uint64_t size;     /* of the mapping */
	uint32_t unstable; /* of them run: nobody knows their stack pointer */
	int is_foreign;    /* /proc shows the numbers of another PID namespace */
	int leader_gone;   /* the first thread has ended */
};

/* Reads all; the calling thread `self` stands at `here`. Returns TRACE_SCAN_DONE, or why not. */
enum trace_scan_status tasks_read(struct tasks *tasks, uint32_t self, const struct snapshot_here *here);
void tasks_free(struct tasks *tasks);

/* Reads /proc/self/status into `text`. Returns what stands behind `label`, 0 if it is not there. */
const char *tasks_status(char *text, size_t size, const char *label);

/* Would the next child be in another PID namespace? The first one there must be the program's own: with its end the
 * namespace is dead, and nothing can be started there any more. That end waits for all others, which wait for their parent. */
int tasks_is_next_apart(void);

/* The number that a text of /proc goes on with, behind blanks and tabs; 0x makes it one of base 16. */
uintptr_t tasks_number(const char **at, unsigned base);
#endif
