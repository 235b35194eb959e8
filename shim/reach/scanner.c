/* SPDX-License-Identifier: MIT */
#include "scanner.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "reach.h"
#include "clone.h"
#include "guard.h"
#include "kernel.h"
#include "state.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define END_SECONDS 30
#define SIGNALS 64
#define IMAGE_ENDS_NS 5000000000u /* memory of gigabytes is given back, by a modest process on a busy machine */
#define RESTORER 0x04000000ul /* SA_RESTORER */

/* As the kernel lays it out. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* What is ours alone in the copy: no handler of the program, no core, first to go when memory is short,
 * and an end in any case. */
static void settle_child(const struct reach_cut *cut)
{
	struct itimerval limit = {{0, 0}, {END_SECONDS * (cut->is_end ? 1 : 20), 0}};
	struct rlimit core = {1, 1};
	struct kernel_action action = {.handler = (void *)SIG_DFL};
	uint64_t none = 0;

	for (int s = 1; s <= SIGNALS; s++)
		sys_call6(SYS_rt_sigaction, s, (long)&action, 0, 8, 0, 0);
	sys_call6(SYS_prlimit64, 0, RLIMIT_CORE, (long)&core, 0, 0, 0);
	sys_call3(SYS_setitimer, ITIMER_REAL, (long)&limit, 0);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
	if (cut->is_shared) /* it would be the program's too */
		return;
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0, 0, 0);
	if (!sys_failed(fd)) {
		sys_call3(SYS_write, fd, (long)"1000", 4);
		sys_call3(SYS_close, fd, 0, 0);
	}
}

static int is_copy; /* in the scanning process: its memory is not the program's */

/* A line of maps: "start-end rw-p offset device inode". Drops the pages of private memory that no file backs. */
static void forget_line(const char *at, uintptr_t sp)
{
	uintptr_t start = tasks_number(&at, 16), end;

	at++;
	end = tasks_number(&at, 16);
	if (strncmp(at, " rw-p 00000000 00:00 0", 22) || (start <= sp && sp < end) || guard_lies_in(start, end))
		return;
	sys_call3(SYS_madvise, (long)start, (long)(end - start), MADV_DONTNEED);
}

void scanner_forget_copy(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	char text[4096];
	long fd, n, kept = 0;

	if (!is_copy)
		return;
	fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return;
	while ((n = sys_call3(SYS_read, fd, (long)text + kept, (long)sizeof text - kept)) > 0) {
		char *line = text, *end;

		n += kept;
		while ((end = memchr(line, '\n', (size_t)(text + n - line)))) {
			*end = 0;
			forget_line(line, sp);
			line = end + 1;
		}
		kept = text + n - line;
		memmove(text, line, (size_t)kept);
	}
	sys_call3(SYS_close, fd, 0, 0);
}

/* Without an open file of the program, or not at all. */
static void leave(struct reach_cut *cut, long table, int is_reported)
{
	if (!sys_failed(clone_leave(table, is_reported, &cut->scan->touches)))
		return;
	__atomic_store_n(&cut->scan->status, TRACE_SCAN_NO_PROCESS, __ATOMIC_RELEASE);
	sys_leave(SYS_exit_group, 1);
}

long scanner_copy(struct reach_cut *cut, void (*then)(void))
{
	uint64_t all = ~0ull, before;
	struct trace_scan *scan = cut->scan;

	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	sys_call3(SYS_madvise, (long)cut->header, (long)cut->reserved, MADV_DOFORK);
	if (cut->roots >> TRACE_ROOT_KERNEL & 1)
		reach_kernel_before(cut);
	uint64_t start = state_clock_ns(CLOCK_MONOTONIC);
	long table = clone_table(&scan->touches);
	long pid = sys_call6(SYS_clone, table, 0, 0, 0, 0, 0);
	if (!pid) {
		leave(cut, table, then != 0);
		settle_child(cut);
		is_copy = 1;
		reach_run(cut);
		if (then)
			then();
		sys_leave(SYS_exit_group, 0);
	}
	scan->pause_us = (state_clock_ns(CLOCK_MONOTONIC) - start) / 1000;
	if (sys_failed(pid))
		clone_failed(table, &scan->touches);
	sys_call3(SYS_madvise, (long)cut->header, (long)cut->reserved, MADV_DONTFORK);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	return pid;
}

int scanner_reap(uint32_t pid)
{
	int is_over = 1, is_listed = 0;

	for (size_t i = 0; i < sizeof scanner_state.pids / sizeof *scanner_state.pids; i++) {
		uint32_t one = scanner_state.pids[i];

		if (!one)
			continue;
		is_listed |= one == pid;
		if (sys_call6(SYS_wait4, one, 0, __WCLONE | WNOHANG, 0, 0, 0))
			__atomic_compare_exchange_n(&scanner_state.pids[i], &one, 0, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		else if (one == pid)
			is_over = 0;
	}
	/* there was no place for it in the list */
	if (pid && !is_listed)
		is_over = sys_call6(SYS_wait4, pid, 0, __WCLONE | WNOHANG, 0, 0, 0) != 0;
	return is_over;
}

void scanner_end_image(const struct trace_scan *scan)
{
	struct timespec nap = {0, 1000000};
	uint32_t pid = __atomic_load_n(&scan->image, __ATOMIC_SEQ_CST);

	if (!pid)
		return;
	sys_call3(SYS_kill, pid, SIGKILL, 0);
	uint64_t end = state_clock_ns(CLOCK_MONOTONIC) + IMAGE_ENDS_NS;
	while (!sys_failed(sys_call3(SYS_kill, pid, 0, 0)) && state_clock_ns(CLOCK_MONOTONIC) < end)
		sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
}

int scanner_met(uint32_t pid)
{
	for (size_t i = 0; i < sizeof scanner_state.pids / sizeof *scanner_state.pids; i++)
		if (scanner_state.pids[i] == pid) {
			scanner_reap(0);
			return 1;
		}
	return 0;
}

void scanner_remember(uint32_t pid)
{
	for (size_t i = 0; i < sizeof scanner_state.pids / sizeof *scanner_state.pids; i++)
		if (!scanner_state.pids[i]) {
			scanner_state.pids[i] = pid;
			return;
		}
}

/* Memory went away under its eyes. */
static void give_up(int number)
{
	(void)number;
	sys_leave(SYS_exit_group, 1);
}

static void scan_shared(void *data)
{
	struct scanner_shared *shared = data;
	struct kernel_action action = {.handler = (void *)give_up, .flags = RESTORER, .restorer = (void *)give_up};

	leave(&shared->cut, shared->table, shared->then != 0);
	settle_child(&shared->cut);
	sys_call6(SYS_rt_sigaction, SIGSEGV, (long)&action, 0, 8, 0, 0);
	sys_call6(SYS_rt_sigaction, SIGBUS, (long)&action, 0, 8, 0, 0);
	reach_run(&shared->cut);
	if (shared->then)
		shared->then();
	give_up(0);
}

long scanner_share(struct scanner_shared *shared, unsigned char *stack, long stack_size)
{
	uint64_t all = ~0ull, before;
	uint32_t *held = &shared->cut.scan->touches;

	shared->cut.own[1] = (struct reach_region){(uintptr_t)stack, (uintptr_t)stack_size};
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	if (shared->cut.roots >> TRACE_ROOT_KERNEL & 1)
		reach_kernel_before(&shared->cut);
	shared->table = clone_table(held);
	long pid = clone_onto(stack + stack_size, CLONE_VM | shared->table, scan_shared, shared);
	if (sys_failed(pid))
		clone_failed(shared->table, held);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	return pid;
}
