/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TIDY_H
#define LEAKSHIM_TIDY_H
/*
 * Traces that nobody has looked at for a day, of processes that are gone, are removed from the folder in which a new one was
 * made.
 *
 * 1. Only in a folder of the user's own that nobody else can write to, through no symbolic link; only files of the
 *    user's, readable by nobody else, with one name, and with a header of a trace.
 * 2. Not if the process lives, or belongs to another PID namespace, where nobody can tell from here.
 * 3. One buffer of names is looked at, and at most TIDY_MOST files are opened: the rest is for the next start.
 */
#include "trace.h"

#define TIDY_MOST 16

/* `own` is the header of this process's trace. Raw system calls only. */
void tidy(const char *folder, const struct trace_header *own);

/* When a process began (field 22 of /proc/PID/stat, in clock ticks since boot); 0: not to be told, or there is none. */
uint64_t tidy_process_start(const char *pid);
#endif
