/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SIGNAL_STACKS_H
#define LEAKSHIM_SIGNAL_STACKS_H
/*
 * Where threads have their alternate signal stacks: once sigaltstack() was told, the program may forget, and only the thread
 * itself can ask the kernel. What comes by sigaltstack() or syscall() is kept with the thread (struct thread).
 *
 * Context of sigaltstack(): any, a signal handler too.
 */
#include <signal.h>
#include <stdint.h>

/* Called when a thread has one, as the kernel has it; for whoever has handlers of ours. */
extern void (*signal_stacks_come)(const stack_t *stack) __attribute__((visibility("hidden")));

/* syscall() of that number; `call`: the real syscall(). */
long signal_stacks_call(long (*call)(long, ...), uintptr_t stack, uintptr_t old);

/* Calls for each that a live thread of the program has. Threads may come, go and change theirs meanwhile. */
void signal_stacks_each(void (*each)(void *context, uintptr_t start, uint32_t tid), void *context);
#endif
