/* SPDX-License-Identifier: MIT */
/*
 * The malloc family, thin: ask the thread's state, call the real function, tell the
 * table. entry.c lets through what need not come here.
 *
 * 1. The record dies before the block: take, then the real free.
 * 2. errno is the real function's.
 * 3. Compiled with frame pointers, so that the caller's pc, sp and rbp are two loads away.
 * 4. The usual case is inline; everything odd (no state yet, re-entered, another level, a fork
 *    child) goes through thread_enter.
 */
#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "interpose.h"
#include "jvm.h"
#include "live_hot.h"
#include "real.h"
#include "resource.h"
#include "sample.h"
#include "tail.h"
#include "thread.h"
#include "wrong.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define MOVES 16u /* with a family: what the block holds goes on elsewhere */

/* The caller of the interposed function this is used in. */
#define CALLER() live_caller(__builtin_frame_address(0))

static inline struct thread *enter_fast(uint32_t mode)
{
	struct thread *t = thread_current;

	if (LIKELY((uintptr_t)t > 1) && LIKELY(t->mode == mode) && LIKELY(t->level == state.header->level)) {
		t->mode = THREAD_ASIDE;
		t->busy_sp = (uintptr_t)__builtin_frame_address(0);
		__atomic_signal_fence(__ATOMIC_SEQ_CST);
		return t;
	}
	return 0;
}

static inline void leave_fast(struct thread *t, uint32_t mode)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	t->busy_sp = 0;
	t->mode = mode;
}

/* An inner malloc of an operator new that will record the block itself. */
static inline int is_quiet(struct thread *t, uintptr_t sp)
{
	if (LIKELY(!t->quiet_new))
		return 0;
	uintptr_t quiet = t->quiet_new;
	t->quiet_new = 0;
	return quiet > sp && quiet - sp < THREAD_QUIET_SPAN;
}

static __attribute__((noinline)) void made_slow(void *p, size_t size, uint32_t family,
						struct live_caller from)
{
	int saved = errno;
	struct thread *t = thread_enter(from.sp, 1);

	if (!t)
		return;
	live_settle(t);
	uint32_t level = trace_level(state.header);
	if (is_quiet(t, from.sp))
		;
	else if (level == TRACE_LEVEL_PARANOID) {
		live_insert(t, (uintptr_t)p, size, family, 0, &from);
		if (trace_level(state.header) != level)
			sample_stick((uintptr_t)p);
	}
	else if (sample_hit(t, size))
		live_insert(t, (uintptr_t)p, size,
			    family == TRACE_FAMILY_MALLOC ? interpose_family(from.pc) : family,
			    sample_rate(), &from);
	if (t->ignoring)
		live_ignore((uintptr_t)p);
	if (__builtin_expect(thread_focus.on, 0))
		thread_focus.made(t, (uintptr_t)p, &from);
	thread_leave(t);
	if (__builtin_expect(thread_is_wished(), 0) && thread_upper.grant)
		thread_upper.grant(); /* not where a block is let go: it may go on elsewhere, and would be nowhere meanwhile */
	errno = saved;
}

/* No copy of an address stays in a register that nobody uses: a thread that allocates no more would hold its last block
 * with it for good. */
static inline __attribute__((always_inline)) void leave_no_copy(void)
{
#ifdef __x86_64__
	__asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi; xor %%edi, %%edi;"
			 "xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d; xor %%r11d, %%r11d"
			 : : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc");
#endif
}

static inline __attribute__((always_inline)) void made(void *p, size_t size, uint32_t family,
						       const struct live_caller *from)
{
	struct thread *t = enter_fast(THREAD_ALL);

	if (LIKELY(t != 0)) {
		live_settle(t);
		if (!is_quiet(t, from->sp))
			live_insert(t, (uintptr_t)p, size, family, 0, from);
		if (__builtin_expect(t->level != state.header->level, 0))
			sample_stick((uintptr_t)p);
		leave_fast(t, THREAD_ALL);
	} else {
		made_slow(p, size, family, *from);
	}
	leave_no_copy();
}

static __attribute__((noinline)) void check_family(struct thread *t, struct live_taken b,
						   uint32_t released_by, struct live_caller from)
{
	uint32_t made_by = live_family(&b);

	if (made_by == TRACE_FAMILY_ALIGNED)
		made_by = TRACE_FAMILY_MALLOC;
	if (released_by == TRACE_FAMILY_MALLOC)
		released_by = interpose_family(from.pc);
	if (made_by != released_by)
		live_mismatch(t, &b, released_by, &from);
}

static inline void note_freed(struct thread *t, uintptr_t address, int is_quiet, const struct live_taken *taken, uint32_t family,
			      const struct live_caller *from)
{
	if (LIKELY(taken->where != 0))
		wrong_remember(t, address, taken->slot, from->pc);
	else if (!is_quiet && interpose_family(from->pc) == TRACE_FAMILY_MALLOC) /* an operator's own free was told of already */
		wrong_free(t, address, family, from);
}

/* The same while a thread does work for us. */
static struct live_taken gone_meanwhile(uintptr_t address)
{
	struct live_taken taken = {0, 0, 0, 0, 0, 0};
	struct thread *t = thread_current;

	if ((uintptr_t)t > 1 && t->attached && t->busy_sp == THREAD_WORK_FOR_US) {
		live_settle(t);
		taken = live_take(t, address);
	}
	return taken;
}

/* No block was ever recorded there, and no resource lies in one that was let through. */
static int is_unknown(uintptr_t address)
{
	return !index_leaf(address) && (trace_level(state.header) == TRACE_LEVEL_PARANOID || !resource_may_end(address));
}

/* Takes the block out of the table. where is 0 if it was not followed. */
static __attribute__((noinline)) struct live_taken gone_slow(void *p, uint32_t family,
							     struct live_caller from)
{
	struct live_taken taken = {0, 0, 0, 0, 0, 0};
	int saved = errno;

	if (!state.tracing)
		wrong_free_untraced((uintptr_t)p, family & ~MOVES, !(family & MOVES), &from);
	if (!state.tracing || is_unknown((uintptr_t)p)) {
		errno = saved;
		return taken;
	}
	struct thread *t = thread_enter(from.sp, 0);
	if (!t)
		return gone_meanwhile((uintptr_t)p);
	live_settle(t);
	int is_quiet = t->quiet_free == (uintptr_t)p;
	if (__builtin_expect(thread_focus.on, 0) && !is_quiet)
		thread_focus.gone(t, (uintptr_t)p, &from, (family & MOVES) != 0);
	family &= ~MOVES;
	if (is_quiet)
		t->quiet_free = 0;
	else
		taken = live_take(t, (uintptr_t)p);
	if (taken.is_watched)
		live_released(t, &taken, &from);
	if (taken.where && live_family(&taken) != family)
		check_family(t, taken, family, from);
	note_freed(t, (uintptr_t)p, is_quiet, &taken, family, &from);
	resource_block_freed(t, (uintptr_t)p, taken.what & TRACE_SIZE_MAX, &from);
	thread_leave(t);
	errno = saved;
	return taken;
}

static inline __attribute__((always_inline)) struct live_taken gone(void *p, uint32_t family,
								    const struct live_caller *from)
{
	struct live_taken taken = {0, 0, 0, 0, 0, 0};
	struct thread *t = enter_fast(THREAD_ALL);
	int is_quiet = 0;

	if (!LIKELY(t != 0))
		return gone_slow(p, family, *from);
	family &= ~MOVES;
	if (__builtin_expect(t->quiet_free == (uintptr_t)p, 0))
		is_quiet = 1, t->quiet_free = 0;
	else
		taken = live_take(t, (uintptr_t)p);
	if (__builtin_expect(taken.is_watched, 0))
		live_released(t, &taken, from);
	if (taken.where && __builtin_expect(live_family(&taken) != family, 0))
		check_family(t, taken, family, *from);
	note_freed(t, (uintptr_t)p, is_quiet, &taken, family, from);
	resource_block_freed(t, (uintptr_t)p, taken.what & TRACE_SIZE_MAX, from);
	leave_fast(t, THREAD_ALL);
	return taken;
}

void *interpose_malloc(size_t size)
{
	struct live_caller from = CALLER();

	if (!LIKELY(real.malloc) && !real_ready())
		return real_early(size, 16);
	void *p = real.malloc(size);
	if (LIKELY(p != 0))
		made(p, size, TRACE_FAMILY_MALLOC, &from);
	return p;
}

static __attribute__((noinline)) void let_go_slowly(void *p, uint32_t family, const uintptr_t *frame)
{
	struct live_caller from = live_caller(frame);

	if (real_is_early(p) || (!LIKELY(real.free) && !real_ready()))
		return;
	struct live_taken taken = gone(p, family, &from);
	real.free(p);
	live_gone(&taken);
}

/* The usual case: what the block was is looked at by the thread's next call. */
static inline __attribute__((always_inline)) void let_go(void *p, uint32_t family, const uintptr_t *frame)
{
	struct thread *t;

	if (!LIKELY(index_fine_shift == INDEX_GLIBC) || __builtin_expect(resource_may_end((uintptr_t)p) | (live_state.cut != 0), 0) ||
	    !(t = enter_fast(THREAD_ALL))) {
		let_go_slowly(p, family, frame);
		return;
	}
	struct thread_due killed = {0, 0};

	if (LIKELY(t->quiet_free != (uintptr_t)p))
		killed = live_kill((uintptr_t)p, family);
	if (!LIKELY(killed.slot)) {
		leave_fast(t, THREAD_ALL);
		let_go_slowly(p, family, frame);
		return;
	}
	live_settle(t);
	wrong_remember(t, (uintptr_t)p, killed.slot, frame[1]);
	t->due = killed;
	leave_fast(t, THREAD_ALL);
	real.free(p);
}

void interpose_free(void *p)
{
	if (p)
		let_go(p, TRACE_FAMILY_MALLOC, __builtin_frame_address(0));
}

void interpose_let_go(void *p, uint32_t family, const uintptr_t *frame)
{
	let_go(p, family, frame);
}

void *interpose_calloc(size_t count, size_t size)
{
	struct live_caller from = CALLER();

	if (!LIKELY(real.calloc) && !real_ready()) {
		size_t all;

		return __builtin_mul_overflow(count, size, &all) ? 0 : real_early(all, 16); /* fresh: zero */
	}
	void *p = real.calloc(count, size);
	if (LIKELY(p != 0))
		made(p, count * size, TRACE_FAMILY_MALLOC, &from);
	return p;
}

/* Takes a block out before a realloc: the address may be another thread's when that returns. */
static void *resize(void *p, size_t size, const struct live_caller *from, void *(*change)(void *, size_t))
{

	if (real_is_early(p)) {
		size_t old = real_early_size(p);
		void *q = interpose_malloc(size);

		return q ? memcpy(q, p, old < size ? old : size) : 0;
	}
	struct live_taken taken = {0, 0, 0, 0, 0, 0};

	if (p)
		taken = gone(p, TRACE_FAMILY_MALLOC | MOVES, from);
	void *q = change(p, size);
	if (LIKELY(q != 0) || !size)
		live_gone(&taken);
	if (LIKELY(q != 0)) {
		made(q, size, TRACE_FAMILY_MALLOC, from);
	} else if (taken.where && size) { /* it failed; the old block lives on */
		int saved = errno;
		struct thread *t = thread_enter(from->sp, 1);

		if (t) {
			live_put_back(t, &taken);
			thread_leave(t);
		}
		errno = saved;
	}
	return q;
}

void *interpose_realloc(void *p, size_t size)
{
	struct live_caller from = CALLER();

	if (!LIKELY(real.realloc) && !real_ready()) {
		void *q = real_early(size, 16);
		size_t old = real_early_size(p);

		return q && p ? memcpy(q, p, old < size ? old : size) : q;
	}
	return resize(p, size, &from, real.realloc);
}

API void *reallocarray(void *p, size_t count, size_t size)
{
	struct live_caller from = CALLER();
	size_t all;

	if (__builtin_mul_overflow(count, size, &all)) {
		errno = ENOMEM;
		return 0;
	}
	if (!real_ready())
		return real_early(all, 16);
	return resize(p, all, &from, real.realloc);
}

API int posix_memalign(void **to, size_t align, size_t size)
{
	struct live_caller from = CALLER();

	if (!real_ready()) {
		*to = real_early(size, align);
		return *to ? 0 : ENOMEM;
	}
	int r = real.posix_memalign(to, align, size);
	if (!r && *to)
		made(*to, size, TRACE_FAMILY_ALIGNED, &from);
	return r;
}

API void *aligned_alloc(size_t align, size_t size)
{
	struct live_caller from = CALLER();

	if (!real_ready())
		return real_early(size, align);
	void *p = real.aligned_alloc(align, size);
	if (p)
		made(p, size, TRACE_FAMILY_ALIGNED, &from);
	return p;
}

API void *memalign(size_t align, size_t size)
{
	struct live_caller from = CALLER();

	if (!real_ready())
		return real_early(size, align);
	void *p = real.memalign(align, size);
	if (p)
		made(p, size, TRACE_FAMILY_ALIGNED, &from);
	return p;
}

API void *valloc(size_t size)
{
	struct live_caller from = CALLER();

	if (!real_ready())
		return real_early(size, 4096);
	void *p = real.valloc(size);
	if (p)
		made(p, size, TRACE_FAMILY_ALIGNED, &from);
	return p;
}

API void *pvalloc(size_t size)
{
	struct live_caller from = CALLER();

	if (!real_ready())
		return real_early((size + 4095) & ~(size_t)4095, 4096);
	void *p = real.pvalloc(size);
	if (p)
		made(p, size, TRACE_FAMILY_ALIGNED, &from);
	return p;
}

API size_t malloc_usable_size(void *p)
{
	if (real_is_early(p))
		return real_early_size(p);
	return real_ready() && real.malloc_usable_size ? real.malloc_usable_size(p) : 0;
}

API void cfree(void *p);
API void cfree(void *p)
{
	struct live_caller from = CALLER();

	if (!p || real_is_early(p) || !real_ready())
		return;
	struct live_taken taken = gone(p, TRACE_FAMILY_MALLOC, &from);
	(real.cfree ? real.cfree : real.free)(p);
	live_gone(&taken);
}

API void free_sized(void *p, size_t size);
API void free_sized(void *p, size_t size)
{
	struct live_caller from = CALLER();

	if (!p || real_is_early(p) || !real_ready())
		return;
	struct live_taken taken = gone(p, TRACE_FAMILY_MALLOC, &from);
	live_gone(&taken);
	if (real.free_sized)
		real.free_sized(p, size);
	else
		real.free(p);
}

API void free_aligned_sized(void *p, size_t align, size_t size);
API void free_aligned_sized(void *p, size_t align, size_t size)
{
	struct live_caller from = CALLER();

	if (!p || real_is_early(p) || !real_ready())
		return;
	struct live_taken taken = gone(p, TRACE_FAMILY_MALLOC, &from);
	live_gone(&taken);
	if (real.free_aligned_sized)
		real.free_aligned_sized(p, align, size);
	else
		real.free(p);
}

static const struct known {
	const char *name;
	void *ours; /* or of a library before us */
	size_t real;
} known[] = {
#define KNOWN(f) {#f, (void *)f, offsetof(struct real, f)}
	KNOWN(malloc),	       KNOWN(free),	     KNOWN(calloc),
	KNOWN(realloc),	       KNOWN(reallocarray),  KNOWN(posix_memalign),
	KNOWN(aligned_alloc),  KNOWN(memalign),	     KNOWN(valloc),
	KNOWN(pvalloc),	       KNOWN(malloc_usable_size),
#undef KNOWN
};

static const struct known *known_as(const char *name)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (!strcmp(name, known[i].name))
			return &known[i];
	return 0;
}

static void *next_of(const struct known *k)
{
	void *next;

	memcpy(&next, (const char *)&real + k->real, sizeof next);
	return next;
}

/* The functions that a look-up in libc's own handle finds, beside ours. */
void *tail_dlsym_answer(void *handle, const char *name)
{
	if (!real_ready() || handle == RTLD_NEXT || handle == RTLD_DEFAULT || !name)
		return 0;
	const struct known *k = known_as(name);
	if (!k)
		return name[0] == 'J' && real.dlsym ? jvm_answer(name, real.dlsym(handle, name)) : 0;
	void *found = real.dlsym ? real.dlsym(handle, name) : 0;

	return found && found == next_of(k) ? k->ours : 0;
}

void *interpose_function(const char *name, void **next)
{
	const struct known *k = known_as(name);

	*next = k ? next_of(k) : 0;
	return k ? k->ours : 0;
}

/* For interpose_new.c: the operators record their blocks themselves. */
void interpose_made(void *p, size_t size, uint32_t family, const struct live_caller *from)
{
	made(p, size, family, from);
}

int interpose_gone(void *p, uint32_t family, const struct live_caller *from)
{
	struct live_taken taken = gone(p, family, from);

	live_gone(&taken);
	return taken.where != 0;
}
