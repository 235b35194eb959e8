/* SPDX-License-Identifier: MIT */
/* Sits in the blocking call named in argv[1] for a second and prints how it came back. A report on
 * SIGUSR1 meanwhile may interrupt only what SA_RESTART cannot restart. */
#include <poll.h>
#include "victim.h"

int main(int argc, char **argv)
{
	const char *call = argc > 1 ? argv[1] : "read";
	int end[2], result = 0;
	char byte;

	if (pipe(end))
		return 2;
	if (fork() == 0) {
		signal(SIGUSR1, SIG_IGN);
		sleep(1);
		return write(end[1], "x", 1) != 1;
	}
	puts("ready");
	fflush(stdout);
	if (!strcmp(call, "read"))
		result = (int)read(end[0], &byte, 1);
	if (!strcmp(call, "wait"))
		result = wait(0) > 0;
	printf("%s: %d\n", call, result);
	return 0;
}
