/* SPDX-License-Identifier: MIT */
/* Our signal handlers, and the program's view of them. Laws in signals.h. */
#include "signals.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <ucontext.h>

#include "blocking.h"
#include "crowded.h"
#include "landing.h"
#include "process.h"
#include "real.h"
#include "own.h"
#include "settings.h"
#include "state.h"
#include "stopping.h"
#include "sys.h"
#include "wrong.h"
#include "rules.h"

#define API __attribute__((visibility("default")))

static int (*real_sigaction)(int, const struct sigaction *, struct sigaction *);

#define NUMBERS 64
#define SIG_HOLDING ((handler_of)2) /* SIG_HOLD of sigset(): blocked, and handled as before */
#define LAST_SIGNAL 62 /* the last ones are debuggers' favourites */

/* The kernel shields process 1 from default actions; a handler would end that. */
static int is_first;

static const unsigned char fatal_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGILL,	SIGABRT, SIGBUS, SIGFPE,
					      SIGSEGV, SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGXFSZ};
/* A fork wipes this: of those who stood there the child has none. */
struct landing_part {
	uint64_t taken;
};
STATE_PART_FITS(landing);

static int started, is_withdrawn;
static int is_staying; /* our handlers want no alternate stack: some thread's has no room for them */
static int request; /* a real-time signal that nobody uses: scans on demand */

static int is_fatal(int number)
{
	return number > 0 && memchr(fatal_signals, number, sizeof fatal_signals) != 0;
}

static void set_default(int number)
{
	struct sigaction action = {.sa_handler = SIG_DFL};

	real_sigaction(number, &action, 0);
}

/* Where a signal interrupted the program. */
static struct snapshot_here interrupted(const ucontext_t *context)
{
	struct snapshot_here here = {0};

#ifdef __x86_64__
	here.sp = (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
	for (int i = 0; i <= REG_RIP; i++)
		here.word[here.words++] = (uintptr_t)context->uc_mcontext.gregs[i];
#else
	here.sp = (uintptr_t)__builtin_frame_address(0);
	(void)context;
#endif
	return here;
}

void landing_on_fatal(int number, siginfo_t *info, void *context)
{
	int saved = errno;
	int faulted = info->si_code > 0 && info->si_code != SI_KERNEL &&
		      (number == SIGSEGV || number == SIGBUS || number == SIGFPE || number == SIGILL);
	int own = info->si_code == SI_TKILL && info->si_pid == (pid_t)own_pid();

	struct snapshot_here here = interrupted(context);
	set_default(number);
#ifdef __x86_64__
	const greg_t *registers = ((const ucontext_t *)context)->uc_mcontext.gregs;

	if (number == SIGSEGV && faulted)
		wrong_fault((uintptr_t)info->si_addr, (uintptr_t)registers[REG_RIP], (uintptr_t)registers[REG_RBP]);
#endif
	process_finish(number == SIGABRT && own ? TRACE_END_ABORT : TRACE_END_SIGNAL, number, 1, &here);
	if (!faulted) /* blocked until we return, then deadly */
		sys_call3(SYS_tgkill, own_pid(), own_tid(), number);
	errno = saved;
}

/* A program may have put an area of its own where libc's thread stands, for a while: nothing of libc, not even errno, is there then.
 * Asked without a system call, where the processor can tell. */
#ifdef __x86_64__
#define FSGSBASE 2ul  /* of AT_HWCAP2 */
#define GLIBC_SELF 2u /* word of a thread that leads to itself; the first one does, too, as the ABI has it: a foreign area may */

static int can_tell_threads;

static const uintptr_t *thread_area(void)
{
	const uintptr_t *area;

	__asm__("rdfsbase %0" : "=r"(area));
	return area;
}

static int is_libc_area(const uintptr_t *area)
{
	return area && area[GLIBC_SELF] == (uintptr_t)area;
}

static int is_libc_thread(void)
{
	return !can_tell_threads || is_libc_area(thread_area());
}

static void find_out_if_threads_can_be_told(void)
{
	/* musl has neighbours there, by turns */
	can_tell_threads = getauxval(AT_HWCAP2) & FSGSBASE && !own_is_musl() && is_libc_area(thread_area());
}
#else
static int is_libc_thread(void)
{
	return 1;
}

static void find_out_if_threads_can_be_told(void)
{
}
#endif

void landing_on_report(int number, siginfo_t *info, void *context)
{
	if (!is_libc_thread())
		return;
	int saved = errno;

	int is_request = info->si_code == SI_QUEUE && info->si_int == (int)TRACE_REQUEST;
	struct snapshot_here here = interrupted(context);

	if ((number == request || number == STOPPING_SHIELDED) && info->si_code == SI_QUEUE && info->si_int == STOPPING_MARK) {
		stopping_arrive(&here);
	} else if (number == STOPPING_SHIELDED) {
		stopping_pass_on(number, info, context);
	} else if (number == request && !is_request) { /* somebody else's: what it does by default */
		set_default(number);
		sys_call3(SYS_tgkill, own_pid(), own_tid(), number);
	} else {
		process_snapshot(&here, !is_request);
	}
	blocking_interrupted(context, is_request ? (uintptr_t)info->si_ptr >> 32 : 0);
	errno = saved;
}

static uint64_t caught; /* by the program, as far as it went through libc */

static void note_caught(int number, int has_handler)
{
	uint64_t bit = 1ull << (number - 1);

	process_catches(has_handler ? __atomic_or_fetch(&caught, bit, __ATOMIC_RELAXED)
				    : __atomic_and_fetch(&caught, ~bit, __ATOMIC_RELAXED));
}

static int is_ours(const struct sigaction *action)
{
	return action->sa_flags & SA_SIGINFO &&
	       (action->sa_sigaction == landing_fatal || action->sa_sigaction == landing_report);
}

static void install(int number)
{
	struct sigaction action = {.sa_flags = SA_SIGINFO | SA_RESTART | (is_staying ? 0 : SA_ONSTACK)};

	action.sa_sigaction = number == settings.signal || number == request ? landing_report : landing_fatal;
	sigfillset(&action.sa_mask);
	real_sigaction(number, &action, 0);
}

static void find_real(void)
{
	if (real_sigaction || !real_ready())
		return;
	real_sigaction = (int (*)(int, const struct sigaction *, struct sigaction *))real_next("sigaction");
}

static int wanted(int number)
{
	return started && (number == settings.signal || number == request || (!is_first && is_fatal(number)));
}

static void take_places(void)
{
	struct sigaction present;

	for (int number = LAST_SIGNAL; number > 0; number--) {
		int is_free = !real_sigaction(number, 0, &present) && !(present.sa_flags & SA_SIGINFO) &&
			      present.sa_handler == SIG_DFL;

		if (!request && number >= SIGRTMIN && is_free && settings.signal)
			request = number;
		if (is_free && (number == request || number == settings.signal || (!is_first && is_fatal(number))))
			install(number);
	}
}

static void withdraw(void)
{
	struct sigaction present;

	if (!started)
		return;
	started = 0;
	is_withdrawn = 1;
	process_listens(0);
	for (int number = LAST_SIGNAL; number > 0; number--)
		if (!real_sigaction(number, 0, &present) && is_ours(&present))
			set_default(number);
	crowded_again();
}

static void take_again(void)
{
	if (!is_withdrawn)
		return;
	is_withdrawn = 0;
	take_places();
	process_listens((uint32_t)request);
	started = 1;
	crowded_again();
}

/* What may wait until a handler of the program is over. */
static uint64_t at_requests(void)
{
	struct blocking_action present;
	uint64_t set = 0;
	int numbers[] = {request, settings.signal};

	for (int i = 0; i < 2; i++)
		if (numbers[i] && !blocking_action_of(numbers[i], &present) && present.handler == (uintptr_t)landing_report)
			set |= 1ull << (numbers[i] - 1);
	return set;
}

static void stay(void)
{
	struct sigaction present;

	is_staying = 1;
	for (int number = LAST_SIGNAL; started && number > 0; number--)
		if (!real_sigaction(number, 0, &present) && is_ours(&present))
			install(number);
}

/* One that waited in the program's handler, for a thread that is not interrupted now. */
static void serve(int number, siginfo_t *info, uintptr_t sp)
{
	struct snapshot_here here = {.sp = sp};
	int is_request = info->si_code == SI_QUEUE && info->si_int == (int)TRACE_REQUEST;

	if (number == request && info->si_code == SI_QUEUE && info->si_int == STOPPING_MARK)
		stopping_arrive(&here);
	else if (is_request || number == settings.signal)
		process_snapshot(&here, !is_request);
}

static void whose_changed(int number)
{
	if (number == settings.signal || number == request)
		crowded_again();
}

/* The kernel's word on whose the signal is by which looks are asked for: a program may have taken it past libc. */
static void verify(void)
{
	struct blocking_action present;

	if (started && request && !blocking_action_of(request, &present))
		process_listens(present.handler == (uintptr_t)landing_report ? (uint32_t)request : 0);
}

/* The program has changed what a signal does, by its number. */
static void changed(int number)
{
	struct blocking_action present;

	if (number <= 0 || number > NUMBERS || blocking_action_of(number, &present))
		return;
	note_caught(number, present.handler > (uintptr_t)SIG_IGN && present.handler != (uintptr_t)landing_report &&
				     present.handler != (uintptr_t)landing_fatal);
	if (number == request)
		verify();
}

void signals_start(void)
{
	find_real();
	if (!real_sigaction)
		return;
	is_first = own_pid() == 1;
	find_out_if_threads_can_be_told();
	process_signals = (struct process_signals){withdraw, take_again, verify};
	blocking_dispositions = changed;
	crowded_start(&(struct crowded_signals){at_requests, serve, stay});
	landing_taken = &STATE_PART(landing).taken;
	take_places();
	blocking_own[0] = (uintptr_t)landing_report;
	blocking_own[1] = (uintptr_t)landing_fatal;
	process_listens((uint32_t)request);
	started = 1;
}

API int sigaction(int number, const struct sigaction *action, struct sigaction *old)
{
	find_real();
	if (!real_sigaction) {
		errno = ENOSYS;
		return -1;
	}
	int back_to_default = action && !(action->sa_flags & SA_SIGINFO) && action->sa_handler == SIG_DFL;
	int has_handler = action && action->sa_handler != SIG_DFL && action->sa_handler != SIG_IGN;
	uint64_t before = crowded_added(number), kept = action && !back_to_default ? crowded_kept(number) : 0;
	struct sigaction room;
	int r = real_sigaction(number, crowded_given(number, action, &room), old);

	if (!r && action)
		note_caught(number, has_handler);
	if (!r)
		crowded_taken(number, action, before, old);
	if (!r && kept)
		crowded_open(kept);
	if (r || !wanted(number))
		return r;
	if (old && is_ours(old)) {
		memset(old, 0, sizeof *old);
		old->sa_handler = SIG_DFL;
	}
	if (back_to_default)
		install(number);
	if (action && number == request)
		verify();
	if (action)
		whose_changed(number);
	return 0;
}

/* The other ones of its kind are functions of their own in libc; -std=c99 makes __sysv_signal of signal. */
typedef void (*handler_of)(int);

static handler_of set_by(handler_of (*call)(int, handler_of), int number, handler_of handler)
{
	if (!call) {
		errno = ENOSYS;
		return SIG_ERR;
	}
	uint64_t kept = handler != SIG_DFL && handler != SIG_HOLDING ? crowded_kept(number) : 0;
	handler_of old = call(number, handler);

	if (old == SIG_ERR)
		return old;
	if (kept)
		crowded_open(kept);
	if (handler != SIG_HOLDING) {
		note_caught(number, handler != SIG_DFL && handler != SIG_IGN);
		crowded_taken(number, &(struct sigaction){.sa_handler = handler}, 0, 0);
	}
	if (!wanted(number))
		return old;
	if (handler == SIG_DFL)
		install(number);
	if (number == request)
		verify();
	whose_changed(number);
	return (uintptr_t)old == (uintptr_t)landing_fatal || (uintptr_t)old == (uintptr_t)landing_report ? SIG_DFL : old;
}

#define SETTER(name)                                                                               \
	API handler_of name(int number, handler_of handler);                                       \
	API handler_of name(int number, handler_of handler)                                        \
	{                                                                                          \
		static handler_of (*call)(int, handler_of);                                        \
												   \
		find_real();                                                                       \
		if (!call && real_sigaction)                                                       \
			call = (handler_of (*)(int, handler_of))real_next(#name);                  \
		return set_by(call, number, handler);                                              \
	}

SETTER(signal)
SETTER(bsd_signal)
SETTER(ssignal)
SETTER(__sysv_signal)
SETTER(sysv_signal)
SETTER(sigset)
