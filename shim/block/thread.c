/* SPDX-License-Identifier: MIT */
/* Attaching to and detaching from the program's threads. Laws in thread.h. */
#include "thread.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "area.h"
#include "own.h"
#include "real.h"
#include "sys.h"
#include "rules.h"

#define IDENTITIES 65535u /* a block names its thread in 16 bits */
#define DEAD ((struct thread *)1)
#define LEVEL_WISHED (1u << 31) /* the thread takes the slow way until it has made a block */
#define STACK_SPAN (64ull << 20) /* further up than this is another stack, not a caller */

__thread struct thread *thread_current __attribute__((tls_model("initial-exec")));

struct thread_focus thread_focus;
struct thread_upper thread_upper;

/* Before glibc 2.34 they lie in a library of their own, which need not be there, or comes later. */
static int (*key_create)(pthread_key_t *, void (*)(void *));
static int (*key_set)(pthread_key_t, const void *);
static pthread_key_t key;
static int has_key;

static void thread_name(char *to)
{
	sys_call6(SYS_prctl, PR_GET_NAME, (long)to, 0, 0, 0, 0);
}

/* Marks the THREAD entries that a live block or a live thread still names and frees the rest.
 * Runs when another doubling of the table is reached, so it costs little on the whole. */
static void identities_collect(void)
{
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_THREAD].used;
	uint32_t blocks = (uint32_t)state.header->areas[TRACE_AREA_BLOCK].used;
	unsigned char *named = area_private(IDENTITIES + 1, 0);

	if (!named)
		return;
	for (uint32_t i = 1; i < blocks; i++)
		named[trace_block_thread(state_block(i))] = 1;
	if (thread_upper.mark_identities)
		thread_upper.mark_identities(named);
	uint32_t kept = 0;
	for (uint32_t i = 1; i < used; i++) {
		struct trace_thread *t = state_thread(i);

		if (named[i] || !t->ended_us || !t->tid) {
			kept += t->tid != 0;
			continue;
		}
		__atomic_store_n(&t->tid, 0, __ATOMIC_RELEASE);
		t->started_us = thread_state.identities;
		thread_state.identities = i;
	}
	area_private_free(named, IDENTITIES + 1);
	thread_state.gc_at = used > 2 * kept ? used : 2 * used;
}

/* A THREAD entry for the running thread. Caller holds lock_threads. */
static uint32_t identity_make(uint32_t tid)
{
	uint32_t i;

	if (!thread_state.identities && state.header->areas[TRACE_AREA_THREAD].used >= thread_state.gc_at)
		identities_collect();
	i = thread_state.identities;
	if (i)
		thread_state.identities = (uint32_t)state_thread(i)->started_us;
	else if (state.header->areas[TRACE_AREA_THREAD].used < IDENTITIES)
		i = area_take(TRACE_AREA_THREAD, 1);
	if (!i)
		return 0;
	struct trace_thread *t = state_thread(i);
	memset(t, 0, sizeof *t);
	thread_name(t->name);
	t->started_us = state_now();
	t->flags = tid == state.header->pid ? TRACE_THREAD_MAIN : 0;
	__atomic_store_n(&t->tid, tid, __ATOMIC_RELEASE);
	return i;
}

static struct thread *state_take(void)
{
	struct thread *t = thread_state.free_threads;

	if (t) {
		thread_state.free_threads = t->next_free;
		return t;
	}
	t = area_private(sizeof *t, 1);
	if (t) {
		t->owner = ++thread_state.slots;
		t->watch_credit = THREAD_CREDIT; /* kept by the threads that use it later */
		t->next = thread_state.all;
		__atomic_store_n(&thread_state.all, t, __ATOMIC_RELEASE);
	}
	return t;
}

/* The running thread's own stack, as far down as it is sure to reach. */
static void bounds(struct thread *t, uint32_t tid, uintptr_t sp)
{
	uintptr_t high = (uintptr_t)pthread_self(), low = sp;
	struct rlimit limit;

	if (tid == state.header->pid) {
		uintptr_t size = STACK_SPAN;

		high = getauxval(AT_EXECFN); /* its text lies above all frames */
		if (sys_call6(SYS_prlimit64, 0, RLIMIT_STACK, 0, (long)&limit, 0, 0))
			size = 0;
		else if (limit.rlim_cur < size)
			size = limit.rlim_cur;
		low = high - size;
	}
	if (sp >= low && sp < high)
		stack_bounds(&t->stack, low, high);
	else
		stack_bounds(&t->stack, sp, sp);
}

/* A state for the running thread; `reuse` is one that a fork wiped under this thread. *of: its tid. */
uint32_t thread_worked_for_us;

static struct thread *attach(struct thread *reuse, uint32_t *of)
{
	uint32_t tid = own_tid();

	if (!state_lock_unless_mine(&thread_state.lock)) /* a handler that interrupted this very thread in here */
		return 0;
	struct thread *t = reuse;
	if (!t)
		t = state_take();
	else
		t->owner = ++thread_state.slots;
	if (t) {
		t->identity = identity_make(tid);
		t->mode = THREAD_ASIDE;
		t->rounds = 0;
		t->transient = 0;
		t->random = (state_clock_ns(CLOCK_MONOTONIC) * 0x9e3779b97f4a7c15u ^ tid) | 1;
		t->countdown = 0;
		t->stack.depth = t->stack.valid = 0;
		t->quiet_new = t->quiet_free = 0;
		memset(t->freed, 0, sizeof t->freed); /* of another thread, which has ended */
		t->ignoring = 0;
		t->signal_stack = 0;
		thread_upper.attach(t);
		t->attached = 1;
	}
	state_unlock(&thread_state.lock);
	*of = tid;
	return t;
}

static void detach(struct thread *t)
{
	if (!state_lock_unless_mine(&thread_state.lock))
		return;
	thread_upper.detach(t);
	if (t->identity)
		state_thread(t->identity)->ended_us = state_now() | 1;
	t->attached = 0;
	t->mode = THREAD_ASIDE;
	t->busy_sp = 0;
	t->next_free = thread_state.free_threads;
	thread_state.free_threads = t;
	state_unlock(&thread_state.lock);
}

/* Runs once a round while other keys' destructors still free; only the last round lets go. */
static void thread_gone(void *data)
{
	struct thread *t = thread_current;

	if (t == 0 || t == DEAD || t != data || !t->attached)
		return;
	if (++t->rounds < PTHREAD_DESTRUCTOR_ITERATIONS && has_key && !key_set(key, t))
		return;
	thread_current = DEAD;
	detach(t);
}

int thread_start(void)
{
	thread_state.gc_at = 4096;
	thread_find_key();
	return 0;
}

void thread_find_key(void)
{
	if (has_key)
		return;
	key_create = (int (*)(pthread_key_t *, void (*)(void *)))real_next("pthread_key_create");
	key_set = (int (*)(pthread_key_t, const void *))real_next("pthread_setspecific");
	has_key = key_create && key_set && !key_create(&key, thread_gone);
}

/* Whether the work that set busy_sp can still be under way below the present frame. */
static int is_busy(const struct thread *t, uintptr_t sp)
{
	return t->busy_sp && !(sp > t->busy_sp && sp - t->busy_sp < STACK_SPAN);
}

struct thread *thread_enter(uintptr_t sp, int counts)
{
	struct thread *t = thread_current;

	if (!__atomic_load_n(&state.tracing, __ATOMIC_ACQUIRE) && !(thread_upper.begin && thread_upper.begin()))
		return 0;
	if (t && t != DEAD && t->attached) {
		if (is_busy(t, sp)) {
			if (counts && t->busy_sp > THREAD_WORK_FOR_US)
				state_drop(TRACE_DROP_REENTRANT);
			return 0;
		}
		t->mode = THREAD_ASIDE;
		t->busy_sp = sp;
		return t;
	}
	int dead = t == DEAD;
	uint32_t tid;
	thread_current = 0;
	t = attach(dead ? 0 : t, &tid);
	if (!t) {
		thread_current = dead ? DEAD : 0;
		state_drop(TRACE_DROP_NO_THREAD);
		return 0;
	}
	t->busy_sp = THREAD_OWN_WORK; /* what follows may allocate */
	t->transient = (uint32_t)dead;
	thread_current = t;
	bounds(t, tid, sp);
	if (!dead && has_key)
		key_set(key, t);
	t->busy_sp = sp;
	return t;
}

void thread_leave(struct thread *t)
{
	if (t->transient) {
		thread_current = DEAD;
		t->transient = 0;
		detach(t);
		return;
	}
	thread_arm(t);
}

void thread_arm(struct thread *t)
{
	t->level = __atomic_load_n(&state.header->level, __ATOMIC_RELAXED);
	if ((t->level & 255) == TRACE_LEVEL_PARANOID && !thread_state.followed_all) {
		__atomic_exchange_n(&thread_state.followed_all, 1, __ATOMIC_SEQ_CST);
		t->level = __atomic_load_n(&state.header->level, __ATOMIC_SEQ_CST);
	}
	if (__builtin_expect(thread_is_wished(), 0))
		t->level ^= LEVEL_WISHED;
	t->busy_sp = 0;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	if (__builtin_expect(state.header->focus && thread_focus.made && !thread_focus.on, 0))
		thread_focus.on = 1;
	if (__builtin_expect(t->ignoring != 0 || (thread_focus.on && (t->level & 255) == TRACE_LEVEL_PARANOID), 0)) {
		t->mode = THREAD_ASIDE;
		return;
	}
	if ((t->level & 255) == TRACE_LEVEL_PARANOID) {
		t->mode = THREAD_ALL;
		return;
	}
	t->mode = thread_upper.can_sample() ? THREAD_SAMPLE : THREAD_ASIDE;
}

void thread_renamed(const char *name)
{
	struct thread *t = thread_current;

	if (!t || t == DEAD || !t->attached || !t->identity || !state.tracing)
		return;
	struct trace_thread *entry = state_thread(t->identity);
	char text[sizeof entry->name] = {0};

	for (size_t i = 0; i < sizeof text - 1 && name[i]; i++)
		text[i] = name[i];
	memcpy(entry->name, text, sizeof text);
}
