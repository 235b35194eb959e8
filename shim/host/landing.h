/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LANDING_H
#define LEAKSHIM_LANDING_H
/*
 * Where our signal handlers stand: a program's alternate stack may have room for the kernel's frame and for nothing else.
 *
 * 1. What the kernel calls pushes nothing on the stack that it finds, and goes on on one of ours. Where all of ours are in
 *    use (threads that are stopped at the end of the process may be many) it goes on where it is.
 * 2. Ours are no roots: they lie in our own data.
 * 3. After fork: none is in use (state.h).
 *
 * Written in assembly, one file an architecture; landing_stub.c stays on the stack that it finds.
 */
#include <signal.h>
#include <stdint.h>

/* For sigaction. */
void landing_report(int number, siginfo_t *info, void *context);
void landing_fatal(int number, siginfo_t *info, void *context);

/* What they lead to; signals.c. */
void landing_on_report(int number, siginfo_t *info, void *context);
void landing_on_fatal(int number, siginfo_t *info, void *context);

/* The stacks in use, one bit each. Set before the first signal can come. */
extern uint64_t *landing_taken __attribute__((visibility("hidden")));
#endif
