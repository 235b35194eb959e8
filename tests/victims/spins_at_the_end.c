/* SPDX-License-Identifier: MIT */
/* Four workers lose 10 blocks each (lose), whose addresses stay on the dead part of their stacks, hold one more on the live
 * part (hold), and spin while main ends the process by argv[1]: "return", "exit", "_exit", "abort", "exec" (of true). With
 * argv[2] "sleep" they wait instead, with "blocked" they take no signals, with "deaf" not even those of libc. */
#include "victim.h"
#include <sys/syscall.h>

static volatile int never, ready;
static const char *how = "spin";

static __attribute__((noinline)) void lose(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(64));
}

static __attribute__((noinline)) void deep(int n)
{
	volatile char frame[200];

	frame[0] = (char)n;
	if (frame[0])
		deep(n - 1);
	else
		lose();
}

static __attribute__((noinline)) void *hold(void)
{
	return malloc(1000);
}

static void *worker(void *unused)
{
	void *volatile on_stack = hold();
	sigset_t all;

	sigfillset(&all);
	if (!strcmp(how, "blocked"))
		pthread_sigmask(SIG_BLOCK, &all, 0);
	if (!strcmp(how, "deaf"))
		syscall(SYS_rt_sigprocmask, SIG_BLOCK, &(uint64_t){~0ull}, 0, 8);
	deep(5);
	__atomic_add_fetch(&ready, 1, __ATOMIC_SEQ_CST);
	if (!strcmp(how, "sleep"))
		pause();
	while (!never)
		continue;
	return on_stack ? unused : 0;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc > 2)
		how = argv[2];
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, 0, worker, 0);
	while (ready < 4)
		usleep(1000);
	if (!strcmp(argv[1], "exit"))
		exit(0);
	if (!strcmp(argv[1], "_exit"))
		_exit(0);
	if (!strcmp(argv[1], "abort"))
		abort();
	if (!strcmp(argv[1], "exec"))
		execl("/bin/sh", "sh", "-c", "exit 0", (char *)0);
	return 0;
}
