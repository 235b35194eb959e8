/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REQUEST_H
#define LEAKSHIM_REQUEST_H
/*
 * Asks a living, traced program for a scan of its pointers, and waits for the verdicts.
 *
 * The request is a real-time signal with a mark that the shim has a handler for. It is sent only
 * if /proc says that the program catches that signal, for it would be deadly else, and no other one that libc knows nothing
 * of, for then it might be the program's own. Where no signal can be sent, or no thread takes it, the next thread that
 * allocates is asked by a word in the trace.
 */
#include <sys/types.h>

/* `path` is the program's trace. Returns 0 when the verdicts are there, or -1 after saying why not. */
int request_scan(const char *path, pid_t pid);
#endif
