/* SPDX-License-Identifier: MIT */
/* The system calls that our works are made of. See confined.h. */
#include "confined.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>

#include "sys.h"
#include "rules.h"

/* What the analyzer does in its life; it lives under the same filter. */
static const struct guard_call report_calls[] = {
	{SYS_clone, {CLONE_VM | CLONE_VFORK}}, {SYS_execve, {0}}, {SYS_dup2, {2, 1}}, {SYS_write, {2, 0, 4096}},
	{SYS_read, {3, 0, 4096}}, {SYS_pread64, {3, 0, 4096}}, {SYS_lseek, {3}}, {SYS_close, {3}},
	{SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_CLOEXEC}}, {SYS_openat, {AT_FDCWD, 0, O_RDWR | O_CLOEXEC}},
	{SYS_newfstatat, {3}}, {SYS_fstat, {3}}, {SYS_fcntl, {3}}, {SYS_ioctl, {2}}, {SYS_readlink, {0}}, {SYS_access, {0}},
	{SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 3, 0}}, {SYS_munmap, {0, 4096}}, {SYS_brk, {0}},
	{SYS_mprotect, {0, 4096, PROT_READ}}, {SYS_prlimit64, {0}}, {SYS_getrandom, {0}}, {SYS_sysinfo, {0}},
	{SYS_arch_prctl, {0}}, {SYS_set_tid_address, {0}}, {SYS_set_robust_list, {0}}, {SYS_rseq, {0}},
	{SYS_getdents64, {3}}, {SYS_unlink, {0}}, {SYS_ftruncate, {3}}, {SYS_exit_group, {0}},
};

/* Without one of these there is none at all. */
static const struct guard_call essential_calls[] = {
	{SYS_clone, {CLONE_VM | CLONE_FILES}}, {SYS_clone, {CLONE_VM | CLONE_VFORK}}, {SYS_execve, {0}}, {SYS_write, {2, 0, 4096}},
	{SYS_read, {3, 0, 4096}}, {SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_CLOEXEC}},
	{SYS_mmap, {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, 3, 0}},
};

static const struct guard_call memory_calls[] = {
	{SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0}},
	{SYS_madvise, {0, 4096, MADV_DONTFORK}}, {SYS_madvise, {0, 4096, MADV_WIPEONFORK}},
};

static const struct guard_call handler_calls[] = {
	{SYS_rt_sigreturn, {0}}, {SYS_rt_sigaction, {SIGTERM, 0, 0, 8}}, {SYS_tgkill, {1, 1, SIGTERM}}, {SYS_getpid, {0}}, {SYS_gettid, {0}},
};

#define COUNT(list) (sizeof(list) / sizeof *(list))

static int lets(const struct guard_future *next, const struct guard_call *calls, size_t count, int or_refused)
{
	return next ? guard_will_let(next, calls, count, or_refused) : guard_lets(calls, count, or_refused);
}

int confined_lets(const struct guard_future *next, enum confined what)
{
	const struct guard_call *calls = what == CONFINED_REPORT   ? report_calls
					 : what == CONFINED_MEMORY ? memory_calls
								   : handler_calls;
	size_t count = what == CONFINED_REPORT	 ? COUNT(report_calls)
		       : what == CONFINED_MEMORY ? COUNT(memory_calls)
						 : COUNT(handler_calls);
	int is_report = what == CONFINED_REPORT;

	return lets(next, calls, count, is_report) && (!is_report || lets(next, essential_calls, COUNT(essential_calls), 0));
}
