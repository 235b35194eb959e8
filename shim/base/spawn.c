/* SPDX-License-Identifier: MIT */
/* Starting the analyzer unseen. Laws in spawn.h. */
#include "spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "clone.h"
#include "sys.h"
#include "rules.h"

#define STACK_SIZE (64l * 1024)
#define SIGNALS 64
#define STACK_USUAL (8ul << 20)

static uint32_t nobody;
uint32_t *spawn_held = &nobody;
void (*spawn_made)(uint32_t pid);

struct order {
	struct spawn_program program;
	long parent, result;
};

/* As the kernel lays it out. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* The program's may be one that an exec closes; ours goes on being open. */
static void turn_stderr(const char *output)
{
	if (!output) {
		sys_call3(SYS_fcntl, 2, F_SETFD, 0);
		return;
	}
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)output, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600, 0, 0);

	if (sys_failed(fd))
		sys_call3(SYS_close, 2, 0, 0); /* it is somebody else's by now */
	if (sys_failed(fd) || fd == 2)
		return;
	sys_call3(SYS_dup2, fd, 2, 0);
	sys_call3(SYS_close, fd, 0, 0);
}

/* What the program allows itself need not be enough for another one. */
static void lift_limits(void)
{
	static const int limits[] = {RLIMIT_AS, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_CPU};
	struct rlimit limit;

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		if (sys_call6(SYS_prlimit64, 0, limits[i], 0, (long)&limit, 0, 0) || limit.rlim_cur == limit.rlim_max)
			continue;
		if (limits[i] == RLIMIT_STACK && limit.rlim_cur >= STACK_USUAL) /* without one the kernel lays out memory in another way */
			continue;
		limit.rlim_cur = limits[i] == RLIMIT_STACK && limit.rlim_max > STACK_USUAL ? STACK_USUAL : limit.rlim_max;
		sys_call6(SYS_prlimit64, 0, limits[i], (long)&limit, 0, 0, 0);
	}
}

/* Its table holds nothing but stderr. */
static void child(void *data)
{
	struct order *order = data;
	struct kernel_action action;
	uint64_t none = 0;

	for (int s = 1; s <= SIGNALS; s++) {
		if (sys_call6(SYS_rt_sigaction, s, 0, (long)&action, 8, 0, 0) ||
		    action.handler == (void *)SIG_IGN || action.handler == (void *)SIG_DFL)
			continue;
		action = (struct kernel_action){.handler = (void *)SIG_DFL};
		sys_call6(SYS_rt_sigaction, s, (long)&action, 0, 8, 0, 0);
	}
	/* what it writes to a terminal that stops who is in the background would stop the program, too */
	action = (struct kernel_action){.handler = (void *)SIG_IGN};
	sys_call6(SYS_rt_sigaction, SIGTTOU, (long)&action, 0, 8, 0, 0);
	long nothing = sys_call6(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY, 0, 0, 0);
	if (nothing > 0) {
		sys_call3(SYS_dup2, nothing, 0, 0);
		sys_call3(SYS_close, nothing, 0, 0);
	}
	sys_call3(SYS_prctl, PR_SET_TSC, PR_TSC_ENABLE, 0);
	turn_stderr(order->program.output);
	sys_call3(SYS_dup2, 2, 1, 0);
	if (order->program.is_bound) {
		sys_call3(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
		if (sys_call3(SYS_getppid, 0, 0, 0) != order->parent)
			sys_leave(SYS_exit_group, 127);
	}
	lift_limits();
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
	order->result = sys_call3(SYS_execve, (long)order->program.path, (long)order->program.argv, (long)order->program.envp);
	sys_leave(SYS_exit_group, 127);
}

/* A child of the caller, which is seen as one of its own: an exec makes SIGCHLD its exit signal. */
static long start(struct order *order)
{
	uint64_t all = ~0ull, before;
	long stack = sys_call6(SYS_mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (sys_failed(stack))
		return stack;
	order->parent = sys_call3(SYS_getpid, 0, 0, 0);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	long pid = clone_onto((void *)(stack + STACK_SIZE), CLONE_VM | CLONE_VFORK, child, order);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	sys_call3(SYS_munmap, stack, STACK_SIZE, 0);
	return pid;
}

/* Returns 0, or SPAWN_KILLED. */
static int wait_for(long pid)
{
	int status = 0;

	while (sys_call6(SYS_wait4, pid, (long)&status, __WALL, 0, 0, 0) == -EINTR)
		continue;
	return WIFSIGNALED(status) ? SPAWN_KILLED : 0;
}

/* Between the host and the program that it starts: shares the host's memory until that program ends. */
struct attendant {
	struct order order;
	uint32_t has_started; /* futex */
	long stack, table;
};

#ifdef __x86_64__
static void leave_stack(long stack, int status)
{
	__asm__ volatile("syscall\n\t"
			 "mov %[status], %%edi\n\t"
			 "mov %[exit], %%eax\n\t"
			 "syscall"
			 :
			 : "a"((long)SYS_munmap), "D"(stack), "S"((long)STACK_SIZE), [exit] "i"(SYS_exit), [status] "r"(status)
			 : "rcx", "r11", "memory");
	__builtin_unreachable();
}
#else
static void leave_stack(long stack, int status)
{
	(void)stack;
	sys_leave(SYS_exit, status);
}
#endif

static void attend(void *data)
{
	struct attendant *a = data; /* the host's, until we say that it has started */
	long stack = a->stack, pid = clone_leave(a->table, 1, spawn_held);

	if (!sys_failed(pid))
		pid = start(&a->order);
	if (sys_failed(pid))
		a->order.result = pid;
	__atomic_store_n(&a->has_started, 1, __ATOMIC_RELEASE);
	sys_call6(SYS_futex, (long)&a->has_started, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
	leave_stack(stack, sys_failed(pid) ? 0 : wait_for(pid));
}

long spawn_program(const struct spawn_program *program)
{
	struct attendant a = {.order = {.program = *program}};
	uint64_t all = ~0ull, before;

	a.stack = sys_call6(SYS_mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sys_failed(a.stack))
		return a.stack;
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	a.table = clone_table(spawn_held);
	long pid = clone_onto((void *)(a.stack + STACK_SIZE), CLONE_VM | a.table, attend, &a);
	while (!sys_failed(pid) && !__atomic_load_n(&a.has_started, __ATOMIC_ACQUIRE))
		sys_call6(SYS_futex, (long)&a.has_started, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	if (sys_failed(pid)) {
		clone_failed(a.table, spawn_held);
		sys_call3(SYS_munmap, a.stack, STACK_SIZE, 0);
		return pid;
	}
	if (spawn_made)
		spawn_made((uint32_t)pid);
	if (a.order.result) {
		spawn_wait(pid, 1);
		return a.order.result;
	}
	return pid;
}

void spawn_attend(const struct spawn_program *program, void (*meanwhile)(void))
{
	struct order order = {.program = *program};
	long pid = start(&order);

	if (sys_failed(pid))
		return;
	meanwhile();
	wait_for(pid);
}

static long now_ms(void)
{
	struct timespec now = {0, 0};

	sys_call3(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&now, 0);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int spawn_wait(long pid, int seconds)
{
	struct timespec nap = {0, 1000000};
	long start = now_ms();

	/* a nap takes much longer on a busy machine; where the clock may not be asked, it stands still */
	for (long naps = 0; naps < seconds * 500l && now_ms() - start < seconds * 1000l; naps++) {
		int status = 0;
		long r = sys_call6(SYS_wait4, pid, (long)&status, __WCLONE | WNOHANG, 0, 0, 0);

		if (r)
			return r == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		if (naps == 10)
			nap.tv_nsec = 2000000;
		sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
	}
	return -1;
}
