/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REQUEST_H
#define LEAKSHIM_REQUEST_H
/*
 * Asks a living, traced program for a scan of its pointers, and waits for the verdicts.
 *
 * The request is a real-time signal with a mark that the shim has a handler for. It is sent only
 * if /proc says that the program catches that signal: it would be deadly else.
 */
#include <sys/types.h>

/* `path` is the program's trace. Returns 0 when the verdicts are there, or -1 after saying why not. */
int request_scan(const char *path, pid_t pid);
#endif
