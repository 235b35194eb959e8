/* SPDX-License-Identifier: MIT */
/* The functions that programs written for LeakSanitizer call, under their names there, and leakshim_ignore. They work on
 * the trace of this process; without one they do nothing. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "live.h"
#include "process.h"
#include "snapshot.h"
#include "state.h"
#include "thread.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define WAIT_MS 60000

API void __lsan_ignore_object(const void *p);
API void leakshim_ignore(const void *p);
API void __lsan_disable(void);
API void __lsan_enable(void);
API void __lsan_register_root_region(const void *p, size_t size);
API void __lsan_unregister_root_region(const void *p, size_t size);
API void __lsan_do_leak_check(void);
API int __lsan_do_recoverable_leak_check(void);

void __lsan_ignore_object(const void *p)
{
	if (state.tracing && p)
		live_ignore((uintptr_t)p);
}

void leakshim_ignore(const void *p)
{
	__lsan_ignore_object(p);
}

/* Changes how deep the running thread is between disable and enable. */
static void nest(int by)
{
	int saved = errno;
	struct thread *t = thread_enter((uintptr_t)__builtin_frame_address(0), 0);

	if (t) {
		if (by > 0 || t->ignoring)
			t->ignoring += (uint32_t)by;
		thread_leave(t);
	}
	errno = saved;
}

void __lsan_disable(void)
{
	nest(1);
}

void __lsan_enable(void)
{
	nest(-1);
}

void __lsan_register_root_region(const void *p, size_t size)
{
	snapshot_region((uintptr_t)p, size, 1);
}

void __lsan_unregister_root_region(const void *p, size_t size)
{
	snapshot_region((uintptr_t)p, size, 0);
}

int __lsan_do_recoverable_leak_check(void)
{
	struct snapshot_here here;
	int saved = errno;

	__builtin_unwind_init();
	memset(&here, 0, sizeof here);
	here.sp = (uintptr_t)__builtin_frame_address(0) - 5 * sizeof(void *);
	int found = state.tracing ? process_check(&here, WAIT_MS) : 0;
	errno = saved;
	return found;
}

void __lsan_do_leak_check(void)
{
	__lsan_do_recoverable_leak_check();
	if (state.tracing)
		process_checked();
}
