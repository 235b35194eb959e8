/* SPDX-License-Identifier: MIT */
#include "signal_stacks.h"

#include <errno.h>
#include <signal.h>

#include "real.h"
#include "state.h"
#include "sys.h"
#include "thread.h"
#include "rules.h"

#define API __attribute__((visibility("default")))

void (*signal_stacks_come)(const stack_t *stack);

/* The calling thread has changed its own: the kernel knows to what. */
static void note(uintptr_t sp)
{
	stack_t present = {.ss_sp = 0};
	int is_known = !sys_failed(sys_call3(SYS_sigaltstack, 0, (long)&present, 0));

	if (is_known && signal_stacks_come)
		signal_stacks_come(&present);
	struct thread *t = thread_enter(sp, 0);

	if (!t)
		return;
	t->signal_stack = (uintptr_t)present.ss_sp;
	thread_leave(t);
}

API int sigaltstack(const stack_t *stack, stack_t *old)
{
	static int (*next)(const stack_t *, stack_t *);
	int saved = errno;

	if (!next)
		next = (__typeof__(next))real_next("sigaltstack");
	if (!next) {
		errno = ENOSYS;
		return -1;
	}
	int result = next(stack, old);
	if (!result && stack) {
		note((uintptr_t)__builtin_frame_address(0));
		errno = saved;
	}
	return result;
}

long signal_stacks_call(long (*call)(long, ...), uintptr_t stack, uintptr_t old)
{
	int saved = errno;
	long result = call(SYS_sigaltstack, stack, old);

	if (!result && stack) {
		note((uintptr_t)__builtin_frame_address(0));
		errno = saved;
	}
	return result;
}

void signal_stacks_each(void (*each)(void *context, uintptr_t start, uint32_t tid), void *context)
{
	for (struct thread *t = __atomic_load_n(&thread_state.all, __ATOMIC_ACQUIRE); t; t = t->next) {
		uintptr_t start = __atomic_load_n(&t->signal_stack, __ATOMIC_RELAXED);

		if (start && t->attached)
			each(context, start, t->identity ? state_thread(t->identity)->tid : 0);
	}
}
