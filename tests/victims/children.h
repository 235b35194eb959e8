/* SPDX-License-Identifier: MIT */
#ifndef CHILDREN_H
#define CHILDREN_H
/* Ways to start a child that prints "child" and ends with status 0. */
#include <spawn.h>
#include <sys/syscall.h>
#include "victim.h"

extern char **environ;

static inline int await(pid_t child)
{
	int status = 0;

	if (child <= 0 || waitpid(child, &status, 0) != child)
		return 7;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline int start_child(const char *way)
{
	char *echo[] = {"echo", "child", 0};
	pid_t child = 0;

	if (!strcmp(way, "vfork")) {
		child = vfork();
		if (child == 0) {
			execv("/bin/echo", echo);
			_exit(9);
		}
		return await(child);
	}
	if (!strcmp(way, "vfork_fails")) {
		child = vfork();
		if (child == 0) {
			execv("/nowhere/echo", echo);
			_exit(0);
		}
		return await(child);
	}
	if (!strcmp(way, "spawn"))
		return posix_spawn(&child, "/bin/echo", 0, 0, echo, environ) ? 8 : await(child);
	if (!strcmp(way, "raw_clone")) {
		child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
		if (child == 0) {
			for (int i = 0; i < 100; i++)
				keep(malloc(33));
			syscall(SYS_exit_group, write(1, "child\n", 6) == 6 ? 0 : 1);
		}
		return await(child);
	}
	if (!strcmp(way, "system"))
		return system("echo child");
	if (!strcmp(way, "popen")) {
		char line[64] = "";
		FILE *pipe = popen("echo child", "r");

		if (!pipe || !fgets(line, sizeof line, pipe))
			return 8;
		fputs(line, stdout);
		return pclose(pipe);
	}
	return 2;
}
#endif
