/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OWN_STACK_H
#define LEAKSHIM_OWN_STACK_H
/*
 * A stack for work of ours that comes in the middle of the program's: a thread may have 16 KiB, of which the frame of a
 * signal takes four on a processor with AVX-512.
 *
 * 1. Mapped for one call, and gone after it. Where a filter or the address space lets none be mapped, the work is done
 *    where we are.
 * 2. A copy of the process that is made meanwhile goes on with it.
 * 3. It is no root: own_stack_here says what to leave out.
 *
 * Raw system calls only. Async-signal-safe. Nothing of the program is called on it: a runtime knows its stacks.
 */
#include <stdint.h>
#include "cut.h"

/* Calls work(data) there. */
void own_stack_run(void (*work)(void *), void *data);

/* The stack of ours that the caller stands on; size 0: none. */
struct reach_region own_stack_here(void);
#endif
