/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STEPPED_H
#define LEAKSHIM_STEPPED_H
/*
 * Tells a parent that follows this process instruction by instruction of blocks of sites in focus.
 *
 * 1. Nothing is told unless the process that the settings name traces the calling thread: a breakpoint that nobody waits for
 *    would end the program. Nor where the program catches, ignores or blocks the signal of breakpoints.
 * 2. Nor where there are several threads: what one does is seen, and the others would run in another order than usual.
 * 3. At most STEPPED_MOST blocks are told of.
 *
 * Context: no lock of ours is held, for the thread stops here.
 */
#include <stdint.h>

#define STEPPED_MOST 4096u

struct live_caller;

/* Makes room in the trace for what the parent will find out. Once; the caller has entered the thread's state. */
void stepped_open(void);

/* A block of a site in focus was made, and is about to be given to whoever asked. */
void stepped_tell(uintptr_t address, uint64_t size, uint32_t site, const struct live_caller *from);

/* One is let go. */
void stepped_tell_gone(uintptr_t address);
#endif
