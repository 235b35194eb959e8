/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROGRAM_H
#define LEAKSHIM_PROGRAM_H
/*
 * The program as the copy that scans it finds it: its parent, in /proc as it is mounted. That may show the numbers of
 * another PID namespace, and the program's first thread may have ended, whose /proc/PID/maps is empty then. So the
 * program is named by a thread of it that is alive.
 * Raw system calls only. Only inside the scanning process.
 */
#include <stddef.h>
#include <stdint.h>

#define PROGRAM_PATH 96u

/* Fills path with "/proc/PID/task/TID/" of the program that calls itself `pid`. Returns 0 or -1: it is gone, or hidden
 * from us. */
int program_find(char path[PROGRAM_PATH], uint32_t pid);

/* The same path with another name at its end. */
char *program_file(char path[PROGRAM_PATH], const char *name);

/* Reads memory of the program, also where it has no access itself. Returns how many bytes could be read, -errno if none.
 * Memory of devices must not be asked for. */
long program_read(char path[PROGRAM_PATH], uintptr_t from, void *to, size_t size);
#endif
