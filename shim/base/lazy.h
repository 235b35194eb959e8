/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LAZY_H
#define LEAKSHIM_LAZY_H
/*
 * Memory that becomes real page by page, as it is touched, also where the program has locked what it will map
 * (mlockall): a new mapping is made real at once there, but for one without access.
 * Raw system calls only. Async-signal-safe.
 */
#include <stddef.h>
#include <sys/mman.h>
#include "guard.h"
#include "sys.h"

extern int lazy_is_locked __attribute__((visibility("hidden")));

/* Returns its address or -errno. fd: of a file that is mapped shared, or -1. */
static inline long lazy_map_of(size_t size, int fd)
{
	long r, at = sys_call6(SYS_mmap, 0, (long)size, lazy_is_locked ? PROT_NONE : PROT_READ | PROT_WRITE,
			       (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) | MAP_NORESERVE, fd, 0);

	if (sys_failed(at) || !lazy_is_locked)
		return at;
	sys_call3(SYS_munlock, at, (long)size, 0);
	r = sys_call3(SYS_mprotect, at, (long)size, PROT_READ | PROT_WRITE);
	if (!sys_failed(r))
		return at;
	sys_call3(SYS_munmap, at, (long)size, 0);
	return r;
}

static inline long lazy_map(size_t size)
{
	return lazy_map_of(size, -1);
}

/* Would a filter let the calls through that this takes beside mmap? */
static inline int lazy_is_let(void)
{
	const struct guard_call calls[] = {{SYS_munlock, {0, 4096}}, {SYS_mprotect, {0, 4096, PROT_READ | PROT_WRITE}}};

	return !lazy_is_locked || guard_lets(calls, 2, 0);
}
#endif
