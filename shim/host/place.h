/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PLACE_H
#define LEAKSHIM_PLACE_H
/*
 * Where the trace of this process lies: as the settings say, else in a folder of the user's own below $TMPDIR, /dev/shm or
 * /var/tmp, the first that can be used.
 *
 * 1. A folder of ours is the user's own, and nobody else can write to it.
 * 2. A trace never takes the place of a file that is there (area_open).
 * 3. The path is absolute: it outlives a chdir.
 *
 * Raw system calls only. Async-signal-safe.
 */
#include <stdint.h>

/* An image of the program begins: what traces are named by. `pid` is that of the exec; its fork children differ. */
void place_start(const char *program, uint32_t pid);

const char *place_program(void);

/* Opens a new trace (area_open) of process `pid`. Returns 0 or -errno. */
int place_open(uint32_t pid);

/* Of the trace that was opened, or was to be. */
const char *place_path(void);

void place_unlink(void);

/* The trace was unlinked before an exec that failed: writes it out again. */
void place_write_out(void);

/* Can this process still read its trace? Returns 0 or -errno. */
int place_readable(void);

/* A daemon that has given up its rights, or went to another root, cannot read its own trace any more, nor can the analyzer
 * that it starts: that gets a copy in the folder of who we are now, and the path is that of the copy. Returns 0 if that
 * cannot be. */
int place_copy(void);

/* Before other programs add to the folder: removes what lies there for ever (tidy.h). */
void place_tidy(void);
#endif
