/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TOP_H
#define LEAKSHIM_TOP_H
/*
 * A live view of what a traced process keeps, by the place that made it. Reads the trace from outside: the process does nothing
 * for it and is not stopped.
 */
#include <sys/types.h>

/* trace: of the process. Returns 0, or -1 after saying why not. */
int top_show(pid_t pid, const char *trace);
#endif
