/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROCESS_H
#define LEAKSHIM_PROCESS_H
/*
 * Other processes, as /proc shows them, and where the shim puts what they leave.
 */
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat; 0 if there is no such process or it is a zombie. */
uint64_t process_start(pid_t pid);

/* The process that calls itself `inner` in a PID namespace below ours and began at `start`; 0: there is none. */
pid_t process_outside(pid_t inner, uint64_t start);

/* The very process that began at `start` still runs (a pid may be another's by now). */
bool process_is_running(pid_t pid, uint64_t start);

/* The trace that a living process writes. Returns 0 and fills `path`, or -1 after saying
 * why there is none. */
int process_trace(pid_t pid, char *path, size_t size);

/* Does it write one that can be looked into? */
bool process_has_trace(pid_t pid);

/* Finds living processes that the shim is to trace into this folder, as their LEAKSHIM_OPTIONS say, and that have made no trace
 * yet. Fills `list` with at most `most` of them and returns how many. */
unsigned process_awaited(const char *folder, pid_t *list, unsigned most);

/* $TMPDIR, where it is a path from the root; else /tmp. As the shim takes it. */
const char *process_temporary(void);

/* The folders in which the shim puts traces by itself: number `i`, from 0, the best one first. Returns false after the last
 * one; one whose name is too long is empty. */
bool process_usual_folder(unsigned i, char *path, size_t size);
#endif
