/* SPDX-License-Identifier: MIT */
/*
 * behind_a_list HOW [PROGRAM ARGUMENT...]: lets the kernel pass nothing but what this program itself calls, and loses 3
 * blocks of 100 bytes behind that. All else is killed for, or (trap) told on stdout with its number, or (errno) refused.
 * HOW: prctl, seccomp, tsync, raw, strict, errno, lie, trap; thread: another one installs it for all; fork: a child does the
 * rest; wait: it does not end by itself; fault: both calls with a bad address, so that nothing is installed.
 * With a PROGRAM, that takes its place.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OK(call) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, 1), BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
static struct sock_filter rules[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	OK(write), OK(brk), OK(mmap), OK(munmap), OK(futex), OK(exit), OK(exit_group), OK(newfstatat), OK(fstat),
	OK(rt_sigreturn), OK(mremap),
#define STARTS 23 /* only where a program follows: what its loader calls */
	OK(execve), OK(openat), OK(read), OK(pread64), OK(close), OK(mprotect), OK(access), OK(arch_prctl),
	OK(set_tid_address), OK(set_robust_list), OK(rseq), OK(prlimit64), OK(getrandom),
#define FORKS 49 /* only for a fork */
	OK(clone), OK(wait4), OK(rt_sigprocmask),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};
static struct sock_fprog filter = {sizeof rules / sizeof *rules, rules};
static const char *how;

static void on_trap(int number, siginfo_t *info, void *context)
{
	char text[] = "trapped: 0000\n";

	(void)number, (void)context;
	for (int i = 12, n = info->si_syscall; i > 8; i--, n /= 10)
		text[i] = (char)('0' + n % 10);
	if (write(1, text, sizeof text - 1) < 0)
		_exit(3);
}

static sem_t may_begin, is_done, never;

static void *confine(void *unused)
{
	long r = -1;

	if (!strcmp(how, "thread"))
		sem_wait(&may_begin);
	if (!strcmp(how, "strict"))
		r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT);
	else if (!strcmp(how, "seccomp"))
		r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter);
	else if (!strcmp(how, "tsync") || !strcmp(how, "thread"))
		r = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &filter);
	else if (!strcmp(how, "fault"))
		r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, 0) + syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, 0) + 2;
	else if (!strcmp(how, "raw"))
		__asm__ volatile("syscall" : "=a"(r) : "a"(SYS_seccomp), "D"(1l), "S"(0l), "d"(&filter) : "rcx", "r11", "memory");
	else
		r = prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter);
	if (r)
		_exit(125);
	sem_post(&is_done);
	if (!strcmp(how, "thread")) /* its end would take more calls */
		sem_wait(&never);
	return unused;
}

static __attribute__((noinline)) void lose(void)
{
	for (int i = 0; i < 3; i++)
		memset(malloc(100), 1, 100);
}

int main(int argc, char **argv)
{
	static void *kept[20000];
	struct sock_filter *last = &rules[sizeof rules / sizeof *rules - 1];
	pthread_t thread;

	how = argv[1];
	setvbuf(stdout, 0, _IOLBF, 0);
	puts("start");
	if (strcmp(how, "fork")) {
		unsigned end = argc < 3 ? STARTS : FORKS;

		rules[end] = *last;
		filter.len = end + 1;
		last = &rules[end];
	}
	if (!strcmp(how, "lie")) /* what was not made is said to have been */
		last->k = SECCOMP_RET_ERRNO;
	if (!strcmp(how, "errno"))
		last->k = SECCOMP_RET_ERRNO | EPERM;
	if (!strcmp(how, "trap"))
		last->k = SECCOMP_RET_TRAP, sigaction(SIGSYS, &(struct sigaction){.sa_sigaction = on_trap, .sa_flags = SA_SIGINFO}, 0);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (!strcmp(how, "thread")) {
		pthread_create(&thread, 0, confine, 0);
		sem_post(&may_begin); /* what makes a thread is done */
		sem_wait(&is_done);
	} else {
		confine(0);
	}
	if (argc > 2) {
		execv(argv[2], argv + 2);
		return 124;
	}
	if (!strcmp(how, "fork")) {
		int status, child = fork();

		if (child)
			return waitpid(child, &status, 0) == child ? WEXITSTATUS(status) : 3;
	}
	lose();
	int most = strcmp(how, "strict") ? 20000 : 1000; /* what malloc has without a call */
	for (int i = 0; i < most; i++)
		kept[i] = malloc(most == 1000 ? 8 : (size_t)i);
	for (int i = 0; i < most; i++)
		free(kept[i]);
	if (write(1, "done\n", 5) < 0)
		return 3;
	if (!strcmp(how, "strict"))
		syscall(SYS_exit, 7);
	if (!strcmp(how, "wait"))
		sem_wait(&never);
	return 7;
}
