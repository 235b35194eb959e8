/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_READABLE_H
#define LEAKSHIM_READABLE_H
/*
 * May this page be read? One system call that changes nothing and cannot fault: the kernel
 * copies the eight bytes first (EFAULT) and then refuses the unknown operation (EINVAL). Where a filter
 * refuses the call, the answer is no. Known from gperftools. Async-signal-safe.
 */
#include "sys.h"
#include "valgrind.h"

#define READABLE_PAGE 4096ul

/* Are the eight bytes at `at`, which must not cross a page, readable? */
static inline int readable_word(uintptr_t at)
{
	unsigned char there;

	if (__builtin_expect(valgrind_runs(), 0)) /* complains of unknown operations, and stands for the kernel */
		return !sys_call3(SYS_mincore, (long)(at & ~(READABLE_PAGE - 1)), (long)READABLE_PAGE, (long)&there);
	return sys_call6(SYS_rt_sigprocmask, -1, (long)at, 0, 8, 0, 0) == -22;
}
#endif
