/* SPDX-License-Identifier: MIT */
/* Loses 3 blocks with a stderr that is (argv[1]) close-on-exec, closed, or a file of the program's own (argv[2]); "clean" frees them. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "victim.h"

static __attribute__((noinline)) void lose(int keeps)
{
	void *p = malloc(100);

	memset(p, 1, 100);
	if (!keeps)
		free(p);
}

int main(int argc, char **argv)
{
	if (!strcmp(argv[1], "cloexec"))
		fcntl(2, F_SETFD, FD_CLOEXEC);
	else if (strcmp(argv[1], "open"))
		close(2);
	if (!strcmp(argv[1], "file") && open(argv[2], O_CREAT | O_WRONLY, 0600) != 2)
		return 3;
	for (int i = 0; i < 3; i++)
		lose(strcmp(argv[argc - 1], "clean"));
	return 0;
}
