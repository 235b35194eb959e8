/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_BLOCKING_H
#define LEAKSHIM_BLOCKING_H
/*
 * The calls in which threads wait, and how they go on after a look at the program: the kernel lets many of them end
 * with EINTR when any handler has run, and short transfers too. Our handler says whom it interrupted (blocking_interrupted);
 * the wrapper of the call (blocking_calls.c), or of syscall(), then calls again with what is left of the time.
 *
 * 1. Same arguments, result, errno and cancellation as without us; a wait becomes longer by the time of the
 *    look at most, never shorter.
 * 2. A call that a handler of the program interrupted ends as it does without us.
 * 3. The registers that a wrapper must keep lie on its stack, where a look at the waiting thread finds them.
 */
#include <stdint.h>

/* A wrapper's call. */
struct blocking {
	uintptr_t frame, outer; /* its stack, and what blocking_frame was before */
	uint64_t began;         /* 0: not timed */
	uint32_t looks;         /* taken before */
	int saved;              /* errno */
};

/* Where the wrapper that waits stands, plus 1 once our handler alone has interrupted it. */
extern __thread uintptr_t blocking_frame __attribute__((tls_model("initial-exec"), visibility("hidden")));

void blocking_begin(struct blocking *b, void *frame, int is_timed);

/* The call came back with EINTR: is it to be made again? */
int blocking_again(struct blocking *b);

/* It came back with a part of what was to be transferred: is the rest to be tried too? */
int blocking_goes_on(struct blocking *b);

/* What is left of so many nanoseconds since the beginning. */
uint64_t blocking_left(const struct blocking *b, uint64_t of);

/* Called once, from the constructor. */
void blocking_start(void);

/* Our own handlers, which are none of the program's. */
extern uintptr_t blocking_own[2] __attribute__((visibility("hidden")));

/* What a signal does, as the kernel lays it out. */
struct blocking_action {
	uintptr_t handler;
	unsigned long flags, restorer;
	uint64_t mask;
};
/* Returns 0 or -1. */
int blocking_action_of(int number, struct blocking_action *action);

/* Called after the program has changed what a signal does by syscall(); registered by whoever has handlers of ours. */
extern void (*blocking_dispositions)(int number) __attribute__((visibility("hidden")));

/* Lets syscall() go on too. Called by blocking_start. */
void blocking_syscalls(void);

/* From our handler, at its end: a look was taken, and this is where it interrupted the thread. hint: what the one who
 * asked saw of the thread's call (TRACE_HINT), 0: nothing. */
void blocking_interrupted(void *context, uint64_t hint);
#endif
