/* SPDX-License-Identifier: MIT */
/* Going on after a look at the program. Laws in blocking.h. */
#include "blocking.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>

#include "own_heap.h"
#include "scanner.h"
#include "signal_stacks.h"
#include "state.h"
#include "sys.h"
#include "tail.h"
#include "trace.h"
#include "rules.h"

#define WRAPPER_SPAN 65536u /* libc's part of a call is not larger */
#define SIGNALS 64
#define STALE 512 /* of the stack below a wrapper: libc leaves holes in its frame, where old words would hold what is lost */
#define LIBC_SIGNALS (7ull << 31) /* 32 to 34: its own, unseen by the program */
#define RESTARTS 0x10000000ul /* SA_RESTART, as the kernel has it */

__thread uintptr_t blocking_frame __attribute__((tls_model("initial-exec")));

uintptr_t blocking_own[2];
static uint32_t looks;

void (*blocking_dispositions)(int number);

int blocking_action_of(int number, struct blocking_action *action)
{
	return sys_failed(sys_call6(SYS_rt_sigaction, number, 0, (long)action, sizeof action->mask, 0, 0)) ? -1 : 0;
}

/* Do handlers of the program belong to any of the signals in a set? 0, 1: yes, 3: and one of them ends calls. */
static int handlers_among(uint64_t set)
{
	struct blocking_action action;
	int result = 0;

	for (int number = 1; set && number <= SIGNALS; number++, set >>= 1) {
		if (!(set & 1))
			continue;
		if (blocking_action_of(number, &action))
			return 3; /* a filter does not let us ask: take it that there is one */
		if (action.handler == (uintptr_t)SIG_DFL || action.handler == (uintptr_t)SIG_IGN ||
		    action.handler == blocking_own[0] || action.handler == blocking_own[1])
			continue;
		result |= action.flags & RESTARTS ? 1 : 3;
	}
	return result;
}

void blocking_begin(struct blocking *b, void *frame, int is_timed)
{
	char below[STALE];

	b->frame = (uintptr_t)frame;
	b->outer = blocking_frame;
	b->began = is_timed ? state_clock_ns(CLOCK_MONOTONIC) : 0; /* the coarse one may lag by more than its tick */
	b->looks = looks;
	b->saved = errno;
	blocking_frame = b->frame;
	memset(below, 0, sizeof below);
	__asm__ volatile("" : : "r"(below) : "memory");
}

int blocking_goes_on(struct blocking *b)
{
	if (blocking_frame != (b->frame | 1))
		return 0;
	blocking_frame = b->frame;
	b->looks = looks;
	errno = b->saved;
	return 1;
}

int blocking_again(struct blocking *b)
{
	if (blocking_goes_on(b))
		return 1;
	/* A signal to the whole process may wake one thread and be taken by another: this call then ended for nothing. */
	if (b->looks == looks || handlers_among(~LIBC_SIGNALS))
		return 0;
	blocking_frame = b->frame;
	b->looks = looks;
	errno = b->saved;
	return 1;
}

uint64_t blocking_left(const struct blocking *b, uint64_t of)
{
	uint64_t passed = state_clock_ns(CLOCK_MONOTONIC) - b->began;

	return passed < of ? of - passed : 0;
}

/* What may be called again by its number, with the argument that says how long. */
enum limit { SAME = 1, MILLISECONDS, DURATION };

static const struct waits {
	uint16_t number;
	uint8_t limit, argument;
} waits[] = {
	{SYS_read, SAME, 0},		{SYS_readv, SAME, 0},		    {SYS_write, SAME, 0},
	{SYS_writev, SAME, 0},		{SYS_recvfrom, SAME, 0},	    {SYS_recvmsg, SAME, 0},
	{SYS_sendto, SAME, 0},		{SYS_sendmsg, SAME, 0},		    {SYS_accept, SAME, 0},
	{SYS_accept4, SAME, 0},		{SYS_connect, SAME, 0},		    {SYS_poll, MILLISECONDS, 2},
	{SYS_ppoll, SAME, 0},		{SYS_select, SAME, 0},		    {SYS_pselect6, SAME, 0},
	{SYS_epoll_wait, MILLISECONDS, 3}, {SYS_epoll_pwait, MILLISECONDS, 3}, {441 /* epoll_pwait2 */, DURATION, 3},
	{SYS_nanosleep, DURATION, 0},	{SYS_clock_nanosleep, DURATION, 2}, {SYS_futex, DURATION, 3},
	{SYS_pause, SAME, 0},		{SYS_rt_sigsuspend, SAME, 0},	    {SYS_rt_sigtimedwait, DURATION, 2},
	{SYS_semop, SAME, 0},		{SYS_semtimedop, DURATION, 3},	    {SYS_msgsnd, SAME, 0},
	{SYS_msgrcv, SAME, 0},		{SYS_io_getevents, DURATION, 4},    {333 /* io_pgetevents */, DURATION, 4},
	{426 /* io_uring_enter */, SAME, 0}, {SYS_wait4, SAME, 0},	    {SYS_waitid, SAME, 0},
	{SYS_flock, SAME, 0},
};

static const struct waits *waits_of(long number)
{
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
		if (waits[i].number == number)
			return &waits[i];
	return 0;
}

/* Is its time an end, not a length? */
static int is_until(long number, const long *a)
{
	if (number == SYS_clock_nanosleep)
		return (a[1] & TIMER_ABSTIME) != 0;
	return number == SYS_futex && (a[1] & FUTEX_CMD_MASK) != FUTEX_WAIT;
}

/* Shortens a call's time to what is left. */
static void shorten(const struct blocking *b, const struct waits *w, long *a, struct timespec *rest)
{
	const struct timespec *length = (const struct timespec *)a[w->argument];

	if (w->limit == MILLISECONDS && (int)a[w->argument] > 0)
		a[w->argument] = (long)((blocking_left(b, (uint64_t)(int)a[w->argument] * 1000000) + 999999) / 1000000);
	if (w->limit != DURATION || !length || is_until(w->number, a))
		return;
	uint64_t left = blocking_left(b, (uint64_t)length->tv_sec * 1000000000 + (uint64_t)length->tv_nsec);

	*rest = (struct timespec){(time_t)(left / 1000000000), (long)(left % 1000000000)};
	a[w->argument] = (long)rest;
}

/* Whoever waits for threads too, as debuggers do, may meet a scanning process. */
static int is_ours(long number, const long *a, long result)
{
	const siginfo_t *info = number == SYS_waitid && !result ? (const siginfo_t *)a[2] : 0;
	long options = number == SYS_wait4 ? a[2] : number == SYS_waitid ? a[3] : 0;
	long pid = number == SYS_wait4 ? result : info ? info->si_pid : 0;

	return options & (__WALL | __WCLONE) && pid > 0 && scanner_met((uint32_t)pid);
}

/* syscall() of a number in tail_waits. */
static long wait_by_number(long number, long a0, long a1, long a2, long a3, long a4, long a5)
{
	long (*real)(long, ...) = (long (*)(long, ...))tail_syscall;
	long a[6] = {a0, a1, a2, a3, a4, a5}, given[6], result;
	struct timespec rest;
	struct blocking b;

	__builtin_unwind_init();
	if (number == SYS_mlockall) /* ours leaves out what we have reserved */
		return mlockall((int)a0);
	if (number == SYS_brk)
		return own_heap_break(real, (uintptr_t)a0);
	if (number == SYS_sigaltstack)
		return signal_stacks_call(real, (uintptr_t)a0, (uintptr_t)a1);
	if (number == SYS_rt_sigaction) {
		result = real(number, a0, a1, a2, a3, a4, a5);
		if (!result && a1 && blocking_dispositions)
			blocking_dispositions((int)a0);
		return result;
	}
	memcpy(given, a, sizeof a);
	blocking_begin(&b, __builtin_frame_address(0), 1);
	while (result = real(number, a[0], a[1], a[2], a[3], a[4], a[5]),
	       (result == -1 && errno == EINTR && blocking_again(&b)) || is_ours(number, a, result)) {
		memcpy(a, given, sizeof a);
		shorten(&b, waits_of(number), a, &rest);
	}
	blocking_frame = b.outer;
	return result;
}

void blocking_syscalls(void)
{
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
		tail_waits[waits[i].number / 64] |= 1ull << waits[i].number % 64;
	tail_waits[SYS_mlockall / 64] |= 1ull << SYS_mlockall % 64;
	tail_waits[SYS_brk / 64] |= 1ull << SYS_brk % 64;
	tail_waits[SYS_sigaltstack / 64] |= 1ull << SYS_sigaltstack % 64;
	tail_waits[SYS_rt_sigaction / 64] |= 1ull << SYS_rt_sigaction % 64;
	__atomic_store_n(&tail_waiting, (void *)wait_by_number, __ATOMIC_RELEASE);
}

#ifdef __x86_64__
/* Will handlers of the program run as soon as ours returns? As handlers_among. */
static int handlers_wait(const ucontext_t *context)
{
	uint64_t pending = 0, blocked;

	memcpy(&blocked, &context->uc_sigmask, sizeof blocked);
	if (sys_failed(sys_call3(SYS_rt_sigpending, (long)&pending, sizeof pending, 0)))
		return 0;
	return handlers_among(pending & ~blocked);
}

/* Is there a system call instruction? */
static int calls_at(uintptr_t at)
{
	unsigned char bytes[2] = {0, 0};
	struct iovec to = {bytes, 2}, from = {(void *)at, 2};

	if ((at & 4095) < 4095) /* behind or before it in a page that is executed */
		memcpy(bytes, (const void *)at, 2);
	else
		sys_call6(SYS_process_vm_readv, sys_call3(SYS_getpid, 0, 0, 0), (long)&to, 1, (long)&from, 1, 0);
	return bytes[0] == 0x0f && bytes[1] == 0x05;
}

/* The call that no wrapper of ours made: its number as the one who asked saw it, or as the code says it right there.
 * -1: not known. What is not a wait is taken for a mistake. */
static long number_of(uintptr_t pc, uint64_t hint)
{
	const unsigned char *at = (const unsigned char *)pc;
	uint32_t number;

	if (TRACE_HINT_NUMBER(hint) && TRACE_HINT_PLACE(hint) == TRACE_HINT_PLACE(TRACE_HINT(0, pc)))
		number = TRACE_HINT_NUMBER(hint) - 1;
	else if ((pc & 4095) >= 8 && at[-7] == 0xb8 && (at[-8] & 0xf0) != 0x40)
		memcpy(&number, at - 6, sizeof number);
	else
		return -1;
	return waits_of(number) ? (long)number : -1;
}

void blocking_interrupted(void *raw, uint64_t hint)
{
	ucontext_t *context = raw;
	greg_t *r = context->uc_mcontext.gregs;
	uintptr_t pc = (uintptr_t)r[REG_RIP], frame = blocking_frame & ~(uintptr_t)1;
	int is_wrapped = frame - (uintptr_t)r[REG_RSP] < WRAPPER_SPAN;

	__atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);
	/* The kernel makes the call again after our handler; one of the program's that is to end it comes next. */
	if (is_wrapped && calls_at(pc) && waits_of((long)r[REG_RAX]) && handlers_wait(context) == 3) {
		r[REG_RAX] = -EINTR;
		r[REG_RIP] += 2;
		return;
	}
	if (!calls_at(pc - 2) || handlers_wait(context))
		return;
	if (is_wrapped) {
		blocking_frame = frame | 1;
		return;
	}
	long number = r[REG_RAX] == -EINTR ? number_of(pc, hint) : -1;
	if (number >= 0) {
		r[REG_RAX] = number;
		r[REG_RIP] -= 2;
	}
}
#else
void blocking_interrupted(void *context, uint64_t hint)
{
	(void)context;
	(void)hint;
	__atomic_add_fetch(&looks, 1, __ATOMIC_RELAXED);
	if (blocking_frame)
		blocking_frame |= 1;
}
#endif
