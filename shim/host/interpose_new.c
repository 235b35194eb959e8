/* SPDX-License-Identifier: MIT */
/*
 * operator new and delete in all variants, so that a report can name the family and
 * tell new[] from new.
 *
 * The real operator is called, whoever owns it; its own call of malloc or free is passed
 * through once (quiet_new, quiet_free), and the block is recorded here with the operator's
 * caller as innermost frame. An allocator that does not go through malloc (tcmalloc) is thus seen
 * too. A C++ library that was loaded locally is not behind us in the global order: it is
 * then looked up in the caller's own scope.
 *
 * The operators of GNU's library, where all end in the program's malloc and free, are not
 * called as long as those do what is asked: a new is then a malloc, and a delete a free.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "interpose.h"
#include "loaded.h"
#include "real.h"
#include "sample.h"
#include "thread.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define OURS /* reached from entry.c only */

#define OPERATOR_SPAN 128u /* a real operator's code is not longer up to its call of malloc or free */

#define CALLER() live_caller(__builtin_frame_address(0))

static const char *const names[OPERATORS] = {
	"_Znwm", "_Znam", "_ZnwmRKSt9nothrow_t", "_ZnamRKSt9nothrow_t", "_ZnwmSt11align_val_t",
	"_ZnamSt11align_val_t", "_ZnwmSt11align_val_tRKSt9nothrow_t", "_ZnamSt11align_val_tRKSt9nothrow_t",
	"_ZdlPv", "_ZdaPv", "_ZdlPvm", "_ZdaPvm", "_ZdlPvRKSt9nothrow_t", "_ZdaPvRKSt9nothrow_t",
	"_ZdlPvSt11align_val_t", "_ZdaPvSt11align_val_t", "_ZdlPvmSt11align_val_t", "_ZdaPvmSt11align_val_t",
	"_ZdlPvSt11align_val_tRKSt9nothrow_t", "_ZdaPvSt11align_val_tRKSt9nothrow_t",
};

static void *found[OPERATORS];
uint8_t interpose_plain[OPERATORS]; /* see is_plain */

/* In the scope of the library that the call came from: it and what it depends on. */
static void *look_up_locally(const char *name, uintptr_t pc)
{
	const char *path = loaded_path((void *)pc);
	void *f = 0;

	if (!path)
		return 0;
	void *handle = dlopen(path, RTLD_LAZY | RTLD_NOLOAD);
	if (handle) {
		f = real.dlsym(handle, name);
		dlclose(handle);
	}
	return f;
}

/* An operator of libstdc++'s, which is known to end in malloc or free, and those are ours. */
static int is_plain(void *function)
{
	const char *path = loaded_path(function);

	return path && strstr(path, "/libstdc++.so.") && loaded_first("malloc") == (void *)entry_malloc &&
	       loaded_first("free") == (void *)entry_free;
}

static __attribute__((noinline)) void *look_up(enum interpose_operator o, uintptr_t pc)
{
	int saved = errno;
	void *f = 0;

	if (real_ready())
		f = real_next(names[o]);
	if (!f && real.dlsym)
		f = look_up_locally(names[o], pc);
	interpose_plain[o] = f && is_plain(f);
	found[o] = f;
	errno = saved;
	return f;
}

static inline void *real_operator(enum interpose_operator o, uintptr_t pc)
{
	return __builtin_expect(found[o] != 0, 1) ? found[o] : look_up(o, pc);
}

static inline struct thread *current(void)
{
	struct thread *t = thread_current;

	return (uintptr_t)t > 1 && t->attached ? t : 0;
}

/* The thread's state, made if this is its first allocation. */
static inline struct thread *current_or_new(uintptr_t sp)
{
	struct thread *t = current();

	if (__builtin_expect(!t, 0) && (t = thread_enter(sp, 0))) {
		thread_leave(t);
		t = current();
	}
	return t;
}

/* Returns 1 inside another operator new (new[] calls new), which records the block. */
static inline int quiet(struct thread *t, uintptr_t sp)
{
	int nested = t && t->quiet_new > sp && t->quiet_new - sp < THREAD_QUIET_SPAN;

	if (t)
		t->quiet_new = sp;
	return nested;
}

/* While sampling over glibc the operator's own call of malloc is the one that counts. */
static inline int is_let_through(void)
{
	struct thread *t = thread_current;

	return (uintptr_t)t > 1 && t->mode == THREAD_SAMPLE && real.is_glibc;
}

uint32_t interpose_family(uintptr_t pc)
{
	static const uint8_t families[OPERATORS] = {
		[OPERATOR_NEW] = 1, [OPERATOR_NEW_NOTHROW] = 1, [OPERATOR_NEW_ALIGN] = 1, [OPERATOR_NEW_ALIGN_NOTHROW] = 1,
		[OPERATOR_DELETE] = 1, [OPERATOR_DELETE_SIZE] = 1, [OPERATOR_DELETE_NOTHROW] = 1, [OPERATOR_DELETE_ALIGN] = 1,
		[OPERATOR_DELETE_SIZE_ALIGN] = 1, [OPERATOR_DELETE_ALIGN_NOTHROW] = 1,
	};

	for (int o = 0; o < OPERATORS; o++)
		if (found[o] && pc - (uintptr_t)found[o] < OPERATOR_SPAN)
			return families[o] ? TRACE_FAMILY_NEW : TRACE_FAMILY_NEW_ARRAY;
	return TRACE_FAMILY_MALLOC;
}

static inline void *finish_new(void *p, size_t size, uint32_t family, const struct live_caller *from)
{
	struct thread *t = current();

	if (t)
		t->quiet_new = 0;
	else if (p) /* a thread near its end has no state: the inner malloc recorded the block */
		interpose_gone(p, TRACE_FAMILY_MALLOC, from);
	if (p)
		interpose_made(p, size, family, from);
	return p;
}

/* No real operator anywhere: nobody could have called one, but a block is better than a crash. */
static void *without_operator(size_t size, size_t align)
{
	if (!real_ready())
		return real_early(size, align);
	return align > 16 ? real.memalign(align, size) : real.malloc(size ? size : 1);
}

/* A plain new, unless malloc fails, or another operator has called it and will record the block itself, or the
 * thread has no state yet: then 0. */
static inline void *new_plainly(size_t size, uint32_t family, const struct live_caller *from)
{
	struct thread *t = thread_current;
	void *p;

	if ((uintptr_t)t <= 1 || t->quiet_new || !size)
		return 0;
	if (t->mode != THREAD_ALL)
		return sample_thread() && sample_skips(t, size) ? real.malloc(size) : 0;
	p = real.malloc(size);
	if (__builtin_expect(p != 0, 1))
		interpose_made(p, size, family, from);
	return p;
}

#define DEFINE_NEW(visible, symbol, which, family, parameters, arguments, align)                            \
	visible void *symbol parameters;                                                           \
	visible void *symbol parameters                                                            \
	{                                                                                          \
		struct live_caller from = CALLER();                                                \
		void *(*f) parameters = (void *(*)parameters)real_operator(which, from.pc);        \
												   \
		if ((align) == 16 && interpose_plain[which]) {                                               \
			void *p = new_plainly(size, family, &from);                                \
												   \
			if (__builtin_expect(p != 0, 1))                                           \
				return p;                                                          \
		}                                                                                  \
		if (is_let_through() && f)                                                         \
			return f arguments;                                                        \
		if (__builtin_expect(!f, 0))                                                       \
			return finish_new(without_operator(size, align), size, family, &from);                \
		if (quiet(current_or_new(from.sp), from.sp))                                                     \
			return f arguments;                                                        \
		return finish_new(f arguments, size, family, &from);                               \
	}

DEFINE_NEW(OURS, interpose_new, OPERATOR_NEW, TRACE_FAMILY_NEW, (size_t size), (size), 16)
DEFINE_NEW(OURS, interpose_new_array, OPERATOR_NEW_ARRAY, TRACE_FAMILY_NEW_ARRAY, (size_t size), (size), 16)
DEFINE_NEW(API, _ZnwmRKSt9nothrow_t, OPERATOR_NEW_NOTHROW, TRACE_FAMILY_NEW, (size_t size, const void *n), (size, n), 16)
DEFINE_NEW(API, _ZnamRKSt9nothrow_t, OPERATOR_NEW_ARRAY_NOTHROW, TRACE_FAMILY_NEW_ARRAY, (size_t size, const void *n),
	   (size, n), 16)
DEFINE_NEW(API, _ZnwmSt11align_val_t, OPERATOR_NEW_ALIGN, TRACE_FAMILY_NEW, (size_t size, size_t align), (size, align), align)
DEFINE_NEW(API, _ZnamSt11align_val_t, OPERATOR_NEW_ARRAY_ALIGN, TRACE_FAMILY_NEW_ARRAY, (size_t size, size_t align),
	   (size, align), align)
DEFINE_NEW(API, _ZnwmSt11align_val_tRKSt9nothrow_t, OPERATOR_NEW_ALIGN_NOTHROW, TRACE_FAMILY_NEW,
	   (size_t size, size_t align, const void *n), (size, align, n), align)
DEFINE_NEW(API, _ZnamSt11align_val_tRKSt9nothrow_t, OPERATOR_NEW_ARRAY_ALIGN_NOTHROW, TRACE_FAMILY_NEW_ARRAY,
	   (size_t size, size_t align, const void *n), (size, align, n), align)

static inline void begin_delete(void *p, uint32_t family, const struct live_caller *from)
{
	struct thread *t;

	if (interpose_gone(p, family, from) && (t = current()))
		t->quiet_free = (uintptr_t)p;
}

static inline void end_delete(void)
{
	struct thread *t = current();

	if (t)
		t->quiet_free = 0;
}

#define DEFINE_DELETE(visible, symbol, which, family, parameters, arguments)                                \
	visible void symbol parameters;                                                            \
	visible void symbol parameters                                                             \
	{                                                                                          \
		struct live_caller from = CALLER();                                                \
		void (*f) parameters = (void (*) parameters)real_operator(which, from.pc);         \
												   \
		if (!p || real_is_early(p))                                                        \
			return;                                                                    \
		if (interpose_plain[which]) {                                                                \
			if (sample_thread() && !sample_may_follow((uintptr_t)p))                   \
				real.free(p);                                                      \
			else                                                                       \
				interpose_let_go(p, family, __builtin_frame_address(0));           \
			return;                                                                    \
		}                                                                                  \
		if (is_let_through() && f && !sample_may_follow((uintptr_t)p)) {                   \
			f arguments;                                                               \
			return;                                                                    \
		}                                                                                  \
		begin_delete(p, family, &from);                                                    \
		if (__builtin_expect(f != 0, 1))                                                   \
			f arguments;                                                               \
		else                                                                               \
			real.free(p);                                                              \
		end_delete();                                                                      \
	}

DEFINE_DELETE(OURS, interpose_delete, OPERATOR_DELETE, TRACE_FAMILY_NEW, (void *p), (p))
DEFINE_DELETE(OURS, interpose_delete_array, OPERATOR_DELETE_ARRAY, TRACE_FAMILY_NEW_ARRAY, (void *p), (p))
DEFINE_DELETE(OURS, interpose_delete_size, OPERATOR_DELETE_SIZE, TRACE_FAMILY_NEW, (void *p, size_t n), (p, n))
DEFINE_DELETE(OURS, interpose_delete_array_size, OPERATOR_DELETE_ARRAY_SIZE, TRACE_FAMILY_NEW_ARRAY, (void *p, size_t n), (p, n))
DEFINE_DELETE(API, _ZdlPvRKSt9nothrow_t, OPERATOR_DELETE_NOTHROW, TRACE_FAMILY_NEW, (void *p, const void *n), (p, n))
DEFINE_DELETE(API, _ZdaPvRKSt9nothrow_t, OPERATOR_DELETE_ARRAY_NOTHROW, TRACE_FAMILY_NEW_ARRAY, (void *p, const void *n), (p, n))
DEFINE_DELETE(API, _ZdlPvSt11align_val_t, OPERATOR_DELETE_ALIGN, TRACE_FAMILY_NEW, (void *p, size_t a), (p, a))
DEFINE_DELETE(API, _ZdaPvSt11align_val_t, OPERATOR_DELETE_ARRAY_ALIGN, TRACE_FAMILY_NEW_ARRAY, (void *p, size_t a), (p, a))
DEFINE_DELETE(API, _ZdlPvmSt11align_val_t, OPERATOR_DELETE_SIZE_ALIGN, TRACE_FAMILY_NEW, (void *p, size_t n, size_t a), (p, n, a))
DEFINE_DELETE(API, _ZdaPvmSt11align_val_t, OPERATOR_DELETE_ARRAY_SIZE_ALIGN, TRACE_FAMILY_NEW_ARRAY,
	      (void *p, size_t n, size_t a), (p, n, a))
DEFINE_DELETE(API, _ZdlPvSt11align_val_tRKSt9nothrow_t, OPERATOR_DELETE_ALIGN_NOTHROW, TRACE_FAMILY_NEW,
	      (void *p, size_t a, const void *n), (p, a, n))
DEFINE_DELETE(API, _ZdaPvSt11align_val_tRKSt9nothrow_t, OPERATOR_DELETE_ARRAY_ALIGN_NOTHROW, TRACE_FAMILY_NEW_ARRAY,
	      (void *p, size_t a, const void *n), (p, a, n))
