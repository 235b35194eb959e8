/* SPDX-License-Identifier: MIT */
/* Starting the analyzer unseen. Laws in spawn.h. */
#include "spawn.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#include "sys.h"
#include "rules.h"

#define STACK_SIZE (64u * 1024)
#define SIGNALS 64

struct order {
	const char *path;
	char *const *argv, *const *envp;
	long result;
};

/* As the kernel lays it out. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

void spawn_become(const char *path, char *const argv[], char *const envp[])
{
	uint64_t never[4] = {0, 0, 0, 0};

	sys_call3(SYS_setitimer, 0, (long)never, 0);
	long nothing = sys_call6(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY, 0, 0, 0);
	if (!sys_failed(nothing) && nothing != 0)
		sys_call3(SYS_dup2, nothing, 0, 0);
	sys_call3(SYS_dup2, 2, 1, 0);
	if (sys_call3(SYS_close_range, 3, ~0u, 0)) /* kernel before 5.9 */
		for (int fd = 3; fd < 1024; fd++)
			sys_call3(SYS_close, fd, 0, 0);
	sys_call3(SYS_execve, (long)path, (long)argv, (long)envp);
}

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
	long nothing = sys_call6(SYS_openat, AT_FDCWD, (long)"/dev/null", O_RDONLY, 0, 0, 0);
	if (!sys_failed(nothing) && nothing != 0)
		sys_call3(SYS_dup2, nothing, 0, 0);
	sys_call3(SYS_dup2, 2, 1, 0);
	if (sys_call3(SYS_close_range, 3, ~0u, 0)) /* kernel before 5.9 */
		for (int fd = 3; fd < 1024; fd++)
			sys_call3(SYS_close, fd, 0, 0);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
	order->result = sys_call3(SYS_execve, (long)order->path, (long)order->argv, (long)order->envp);
	sys_call3(SYS_exit_group, 127, 0, 0);
}

long spawn_clone(void *stack_top, long flags, void (*entry)(void *), void *data)
{
	uintptr_t *stack = (uintptr_t *)((uintptr_t)stack_top & ~(uintptr_t)15);
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long result;

	*--stack = (uintptr_t)data;
	*--stack = (uintptr_t)entry;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "pop %%rax\n\t"
			 "pop %%rdi\n\t"
			 "call *%%rax\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(result)
			 : "a"((long)SYS_clone), "D"(flags), "S"(stack), "d"(0l), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

long spawn_program(const char *path, char *const argv[], char *const envp[])
{
	struct order order = {path, argv, envp, 0};
	uint64_t all = ~0ull, before;
	long stack = sys_call6(SYS_mmap, 0, STACK_SIZE, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (sys_failed(stack))
		return stack;
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	long pid = spawn_clone((void *)(stack + STACK_SIZE), CLONE_VM | CLONE_VFORK, child, &order);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	sys_call3(SYS_munmap, stack, STACK_SIZE, 0);
	if (!sys_failed(pid) && order.result) {
		spawn_wait(pid, 1);
		return order.result;
	}
	return pid;
}

int spawn_wait(long pid, int seconds)
{
	struct timespec nap = {0, 1000000};

	for (long naps = 0; naps < seconds * 500l; naps++) {
		long r = sys_call6(SYS_wait4, pid, 0, __WCLONE | WNOHANG, 0, 0, 0);

		if (r)
			return r == pid ? 0 : -1;
		if (naps == 10)
			nap.tv_nsec = 2000000;
		sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
	}
	return -1;
}

void spawn_reap(void)
{
	while (sys_call6(SYS_wait4, -1, 0, __WCLONE | WNOHANG, 0, 0, 0) > 0)
		continue;
}
