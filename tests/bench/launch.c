/* SPDX-License-Identifier: MIT */
/* Runs a program and writes what it used: `launch FILE [NAME=VALUE...] -- PROGRAM ARGUMENTS`.
 * The line in FILE: status, microseconds of user, system and wall time, peak memory in KiB; all but the
 * wall time over the program and the children that it waited for (peak: the largest of them).
 * It stands between because a program's peak memory counts from its parent's at fork: ours is small. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000L + t.tv_nsec / 1000;
}

static long in_us(struct timeval t)
{
	return t.tv_sec * 1000000L + t.tv_usec;
}

static void become(char **words)
{
	for (; *words && strcmp(*words, "--"); words++)
		putenv(*words);
	if (*words && words[1])
		execvp(words[1], words + 1);
	_exit(127);
}

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	long began = now();
	pid_t pid = argc > 3 ? fork() : -1;

	if (!pid)
		become(argv + 2);
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid)
		return 2;
	long wall = now() - began;
	FILE *to = fopen(argv[1], "w");

	if (!to)
		return 2;
	fprintf(to, "%d %ld %ld %ld %ld\n",
		WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), in_us(used.ru_utime),
		in_us(used.ru_stime), wall, used.ru_maxrss);
	return fclose(to) ? 2 : 0;
}
