/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CROWDED_H
#define LEAKSHIM_CROWDED_H
/*
 * Alternate signal stacks that have no room for a second frame of the kernel's. While a handler of the program stands on one, a
 * signal that we handle would end the program: the kernel ends whoever has no room for its frame, before any code of ours runs.
 *
 * 1. Once the program has such a stack, its handlers that want one keep our signals out (sa_mask): those by which looks
 *    are asked for. Such a request waits until the handler is over. Fatal signals come as they always did.
 * 2. The program does not see it: sigaction, sigprocmask and pthread_sigmask answer without it, and let none of ours in
 *    meanwhile. The mask in a handler's ucontext_t is that of before, which has none of it.
 * 3. A handler is also left by longjmp and swapcontext, which set the next mask where they still stand: what waits is
 *    served before, on a stack of ours, and after a longjmp our signals come again. A program that it executes, or a thread that
 *    it starts, begins without our mask.
 *    What it takes for itself in such a handler comes from then on.
 * 4. A stack smaller than any frame, or one from which swapcontext went away, is for none of ours: our handlers then want
 *    none at all.
 *
 * Not known are stacks and handlers that the kernel was told of past libc, and what posix_spawn and system() start from such a
 * handler: there our signals begin blocked. Programs without such a stack see nothing of all this, and it costs them a look at
 * crowded_on.
 */
#include <signal.h>
#include <stdint.h>

extern uint32_t crowded_on __attribute__((visibility("hidden")));

/* What the room of signals does: the signals that may wait and are ours at present, one bit each (number - 1); serving one that
 * was waiting, for a program that stands at sp; installing our handlers again, without a wish for an alternate stack. */
struct crowded_signals {
	uint64_t (*ours)(void);
	void (*serve)(int number, siginfo_t *info, uintptr_t sp);
	void (*stay)(void);
};
void crowded_start(const struct crowded_signals *signals);

/* Around the program's sigaction: what to hand on instead of `action`, which may be written to `room`; and, after it succeeded,
 * what the program is told (old, may be 0). `before`: crowded_added from before. */
uint64_t crowded_added(int number);
const struct sigaction *crowded_given(int number, const struct sigaction *action, struct sigaction *room);
void crowded_taken(int number, const struct sigaction *action, uint64_t before, struct sigaction *old);

/* The calling thread takes a signal for the program: the bit of it, if the thread stands in a handler that keeps it out for us only;
 * crowded_open lets it in once the program has it. */
uint64_t crowded_kept(int number);
void crowded_open(uint64_t kept) __attribute__((visibility("hidden")));

/* Which signals are ours has changed. */
void crowded_again(void);

/* The calling thread is about to execute another program; and: that failed. */
uint64_t crowded_exec(void);
void crowded_exec_failed(uint64_t kept);

/* The calling thread starts another: what that is to begin with instead, if need be. Returns what to take back if it could not be
 * started, or 0. */
void *crowded_thread(void *(**start)(void *), void **data);
void crowded_no_thread(void *place);
#endif
