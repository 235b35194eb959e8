/* SPDX-License-Identifier: MIT */
/* Ways out of a handler on a crowded stack. Laws in crowded.h. */
#include "crowded_leave.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <string.h>
#include <sys/auxv.h>
#include <time.h>
#include <ucontext.h>

#include "crowded.h"
#include "own.h"
#include "real.h"
#include "sys.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define MASK_SIZE 8
#define STEP 16u           /* the kernel aligns its frames so */
#define FRAME_MOST 16384u  /* where it does not say how large one is */
#define UC_FLAGS_MOST 7u
#define RED_ZONE 512u      /* and more: what may be in use below a stack pointer */
#define JUMP_SP 6          /* in a jmp_buf, of glibc and of musl */
#define JUMP_TURNED 17     /* bits */
#define OUTWARD_MOST (64ul << 20)
#define THREADS 8          /* that are started from such handlers at a time */
#define LIBC_SIGNALS (7ull << 31) /* none of the program's business */
#define ALL (~0ull & ~LIBC_SIGNALS & ~(1ull << (SIGKILL - 1)) & ~(1ull << (SIGSTOP - 1)))

/* The assembly knows them by number. */
_Static_assert(offsetof(ucontext_t, uc_mcontext.gregs[REG_RSP]) == 160 && offsetof(ucontext_t, uc_mcontext.gregs[REG_RIP]) == 168, "UC_*");

void *crowded_jumps[CROWDED_JUMPS];
static int (*real_sigprocmask)(int, const sigset_t *, sigset_t *);
static int (*real_pthread_sigmask)(int, const sigset_t *, sigset_t *);

static uint64_t word_of(const sigset_t *set)
{
	uint64_t word;

	memcpy(&word, set, sizeof word);
	return word;
}

static uint64_t change_mask(int how, uint64_t set)
{
	uint64_t old = 0;

	sys_call6(SYS_rt_sigprocmask, how, (long)&set, (long)&old, MASK_SIZE, 0, 0);
	return old;
}

/* The alternate stack, if that is where sp is. */
static int stands_on(uintptr_t sp, stack_t *stack)
{
	return !sys_failed(sys_call3(SYS_sigaltstack, 0, (long)stack, 0)) && !(stack->ss_flags & SS_DISABLE) &&
	       sp - (uintptr_t)stack->ss_sp < stack->ss_size;
}

/* What the first handler on this stack interrupted: the kernel's frame is at its upper end, and names the stack. 0: there is
 * none. */
static const ucontext_t *first_frame(const stack_t *stack)
{
	uintptr_t low = (uintptr_t)stack->ss_sp, top = low + stack->ss_size, most = getauxval(AT_MINSIGSTKSZ);

	most = (most ? most : FRAME_MOST) + 8 * STEP;
	for (uintptr_t at = (top - offsetof(ucontext_t, __fpregs_mem)) & ~(uintptr_t)(STEP - 1); at > low && top - at < most; at -= STEP) {
		const ucontext_t *context = (const ucontext_t *)at;
		uintptr_t vectors = (uintptr_t)context->uc_mcontext.fpregs;

		if (context->uc_stack.ss_sp == stack->ss_sp && context->uc_stack.ss_size == stack->ss_size &&
		    context->uc_flags <= UC_FLAGS_MOST && !context->uc_link && (!vectors || (vectors > at && vectors < top)))
			return context;
	}
	return 0;
}

/* Signals that wait because of us and of nothing else. */
static uint64_t kept_out(const ucontext_t *before)
{
	return before ? crowded_ours() & ~word_of(&before->uc_sigmask) & change_mask(SIG_BLOCK, 0) : 0;
}

/* The same, if the thread stands in a handler at sp. */
static uint64_t kept_out_at(uintptr_t sp)
{
	stack_t stack;

	return crowded_on && stands_on(sp, &stack) ? kept_out(first_frame(&stack)) : 0;
}

/* Serves those that wait. */
static void serve(uint64_t set, uintptr_t sp)
{
	struct timespec none = {0, 0};
	siginfo_t info;
	long number;

	while (set && (number = sys_call6(SYS_rt_sigtimedwait, (long)&set, (long)&info, (long)&none, MASK_SIZE, 0, 0)) > 0 &&
	       !sys_failed(number))
		if (sp)
			crowded_serve((int)number, &info, sp);
}

uint64_t crowded_kept(int number)
{
	int saved = errno;
	uint64_t kept = number > 0 && number <= 64 ? kept_out_at((uintptr_t)__builtin_frame_address(0)) & 1ull << (number - 1) : 0;

	errno = saved;
	return kept;
}

void crowded_open(uint64_t kept)
{
	int saved = errno;

	change_mask(SIG_UNBLOCK, kept);
	errno = saved;
}

/* The stack pointer that longjmp will set: glibc hides it by a secret of the process. */
static uintptr_t target_of(const struct __jmp_buf_tag *to)
{
	uintptr_t sp = (uintptr_t)to->__jmpbuf[JUMP_SP], secret;

	if (own_is_musl())
		return sp;
	__asm__("mov %%fs:0x30, %0" : "=r"(secret));
	return (sp >> JUMP_TURNED | sp << (64 - JUMP_TURNED)) ^ secret;
}

/* Does it lead out, to a caller of what the first handler interrupted? Then what is below it is in use no more. */
static int leads_out(uintptr_t sp, const ucontext_t *before)
{
	return !(sp & 7) && sp - (uintptr_t)before->uc_mcontext.gregs[REG_RSP] < OUTWARD_MOST;
}

/* Where the processor keeps return addresses a second time, swapcontext does more than getcontext and setcontext. */
static int has_second_stack(void)
{
	uintptr_t at = 0;

	__asm__("rdsspq %0" : "+r"(at));
	return at != 0;
}

static int is_from_there(enum crowded_way way, uintptr_t target, const ucontext_t *before)
{
	if (way == CROWDED_LONGJMP)
		return leads_out(target, before);
	return way == CROWDED_SETCONTEXT || (crowded_jumps[CROWDED_JUMPS - 1] && !has_second_stack());
}

static struct crowded_exit leave(uintptr_t sp, enum crowded_way way, const void *to)
{
	struct crowded_exit exit = {0, 0};
	const struct __jmp_buf_tag *jump = to;
	stack_t stack;
	const ucontext_t *before = stands_on(sp, &stack) ? first_frame(&stack) : 0;

	if (!before)
		return exit;
	uintptr_t target = way == CROWDED_LONGJMP ? target_of(jump)
						  : (uintptr_t)((const ucontext_t *)to)->uc_mcontext.gregs[REG_RSP];
	uint64_t kept = kept_out(before);

	if (target - (uintptr_t)stack.ss_sp < stack.ss_size) /* it stays in a handler */
		return exit;
	if (way == CROWDED_LONGJMP && !jump->__mask_was_saved)
		exit.kept = kept;
	if (is_from_there(way, target, before))
		exit.sp = (target - RED_ZONE) & ~(uintptr_t)(STEP - 1);
	else
		serve(kept, sp);
	if (way == CROWDED_SWAPCONTEXT) /* what lies there is wanted again, and the kernel would begin a next frame on top of it */
		crowded_stay();
	return exit;
}

struct crowded_exit crowded_leave(uintptr_t sp, enum crowded_way way, const void *to)
{
	int saved = errno;
	struct crowded_exit exit = leave(sp, way, to);

	errno = saved;
	return exit;
}

uint64_t crowded_exec(void)
{
	uint64_t kept = kept_out_at((uintptr_t)__builtin_frame_address(0));

	if (kept) {
		serve(kept, 0); /* whoever asked asked a program that is gone */
		change_mask(SIG_UNBLOCK, kept);
	}
	return kept;
}

void crowded_exec_failed(uint64_t kept)
{
	if (kept)
		change_mask(SIG_BLOCK, kept);
}

/* What new threads begin with. */
static struct beginning {
	uint32_t is_used;
	uint64_t kept;
	void *(*start)(void *);
	void *data;
} beginnings[THREADS];

static void *begin(void *place)
{
	struct beginning own = *(struct beginning *)place;

	crowded_no_thread(place);
	change_mask(SIG_UNBLOCK, own.kept);
	return own.start(own.data);
}

void *crowded_thread(void *(**start)(void *), void **data)
{
	uint64_t kept = kept_out_at((uintptr_t)__builtin_frame_address(0));

	for (int i = 0; kept && i < THREADS; i++) {
		struct beginning *b = &beginnings[i];

		if (__atomic_exchange_n(&b->is_used, 1, __ATOMIC_ACQUIRE))
			continue;
		b->kept = kept;
		b->start = *start;
		b->data = *data;
		*start = begin;
		*data = b;
		return b;
	}
	return 0;
}

void crowded_no_thread(void *place)
{
	if (place)
		__atomic_store_n(&((struct beginning *)place)->is_used, 0, __ATOMIC_RELEASE);
}

/* The program's change of its mask, as it is to be made in such a handler, in `room`. Returns what it is not to be told of. */
static uint64_t as_if_alone(int how, const sigset_t **set, sigset_t *room)
{
	uint64_t kept = kept_out_at((uintptr_t)__builtin_frame_address(0)), word;

	if (!kept)
		return 0;
	if (*set && how != SIG_BLOCK) {
		*room = **set;
		word = how == SIG_SETMASK ? word_of(room) | kept : word_of(room) & ~kept;
		memcpy(room, &word, sizeof word);
		*set = room;
	}
	return (change_mask(SIG_BLOCK, 0) & ALL) == ALL ? 0 : kept; /* it has blocked all itself */
}

static void tell(sigset_t *old, uint64_t kept)
{
	uint64_t word;

	if (!old || !kept)
		return;
	word = word_of(old) & ~kept;
	memcpy(old, &word, sizeof word);
}

static void find(void)
{
	if (real_sigprocmask || !real_ready())
		return;
	real_pthread_sigmask = (__typeof__(real_pthread_sigmask))real_next("pthread_sigmask");
	real_sigprocmask = (__typeof__(real_sigprocmask))real_next("sigprocmask");
}

API int sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t room;

	find();
	if (!real_sigprocmask) {
		errno = ENOSYS;
		return -1;
	}
	uint64_t kept = as_if_alone(how, &set, &room);
	int result = real_sigprocmask(how, set, old);

	if (!result)
		tell(old, kept);
	return result;
}

API int pthread_sigmask(int how, const sigset_t *set, sigset_t *old)
{
	sigset_t room;

	find();
	if (!real_pthread_sigmask) { /* before glibc 2.32 it lies in a library of its own, which may come later */
		int saved = errno, result = sigprocmask(how, set, old) ? errno : 0;

		errno = saved;
		return result;
	}
	uint64_t kept = as_if_alone(how, &set, &room);
	int result = real_pthread_sigmask(how, set, old);

	if (!result)
		tell(old, kept);
	return result;
}

void crowded_find(void)
{
	static const char *const names[CROWDED_JUMPS] = {"longjmp", "_longjmp", "siglongjmp", "__longjmp_chk",
					     "setcontext", "swapcontext", "getcontext"};

	if (!real_ready())
		return;
	for (size_t i = 0; i < CROWDED_JUMPS; i++)
		if (!crowded_jumps[i])
			crowded_jumps[i] = real_next(names[i]);
}

void crowded_leave_start(void)
{
	find();
	crowded_find();
}
