/* SPDX-License-Identifier: MIT */
/* Has children whose end raises no signal, as debuggers and sandboxes make them, asks for looks meanwhile, and waits in the way
 * of argv[1] ("waitpid", "wait4", "waitid", "peek", "wait4 by number", "waitid by number") for whatever ends. With "leak" as argv[2] there is something to look at.
 * Prints whom it met: each child once, and nobody else. */
#include "victim.h"
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define CHILDREN 4

static char stacks[CHILDREN][65536] __attribute__((aligned(16)));
static pid_t children[CHILDREN];

static int child(void *number)
{
	usleep(20000);
	_exit((int)(intptr_t)number + 10);
}

/* The number of the next one that has ended, or -1. */
static pid_t next_ended(const char *way, int *code)
{
	siginfo_t info = {0};
	int status = 0;
	pid_t met;

	if (!strcmp(way, "waitpid"))
		met = waitpid(-1, &status, __WALL);
	else if (!strcmp(way, "wait4"))
		met = wait4(-1, &status, __WCLONE, 0);
	else if (!strcmp(way, "wait4 by number"))
		met = (pid_t)syscall(SYS_wait4, -1, &status, __WALL, 0);
	else if (!strcmp(way, "waitid by number")) {
		met = syscall(SYS_waitid, P_ALL, 0, &info, WEXITED | __WALL, 0) ? -1 : info.si_pid;
		*code = info.si_status;
		return met;
	}
	else {
		if (!strcmp(way, "peek") && waitid(P_ALL, 0, &info, WEXITED | WNOWAIT | __WALL))
			return -1;
		met = waitid(P_ALL, 0, &info, WEXITED | __WALL) ? -1 : info.si_pid;
		*code = info.si_status;
		return met;
	}
	*code = WEXITSTATUS(status);
	return met;
}

int main(int argc, char **argv)
{
	int code = 0;
	pid_t met;

	if (argc > 2)
		keep(malloc(10));
	for (int i = 0; i < CHILDREN; i++) {
		children[i] = clone(child, stacks[i] + sizeof stacks[i], 0, (void *)(intptr_t)i);
		raise(SIGUSR1);
	}
	usleep(50000);
	raise(SIGUSR1);
	while ((met = next_ended(argv[1], &code)) > 0) {
		int i = 0;

		while (i < CHILDREN && children[i] != met)
			i++;
		printf("%s %d\n", i < CHILDREN ? "child" : "stranger", code);
	}
	printf("errno %d\n", errno);
	return 0;
}
