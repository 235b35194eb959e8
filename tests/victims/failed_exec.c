/* SPDX-License-Identifier: MIT */
/* Fails to exec, leaks 10,000 blocks in many() after that, and is killed. */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void many(void)
{
	for (int i = 0; i < 10000; i++)
		if (!malloc(50))
			return;
}

int main(void)
{
	char *argv[] = {(char *)"nothing", 0};

	execv("/nonexistent/program", argv);
	many();
	kill(getpid(), SIGKILL);
	return 1;
}
