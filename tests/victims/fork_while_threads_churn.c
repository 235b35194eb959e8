/* SPDX-License-Identifier: MIT */
/* Forks 200 times while 2 threads allocate; every child allocates and ends by exit. No child may
 * hang on a lock that a thread held at the fork. */
#include "victim.h"

static void *churn(void *unused)
{
	for (;;)
		free(malloc(64));
	return unused;
}

int main(void)
{
	pthread_t thread;
	int status = 0;

	for (int i = 0; i < 2; i++)
		pthread_create(&thread, 0, churn, 0);
	for (int i = 0; i < 200 && !status; i++) {
		if (fork() == 0)
			keep(malloc(10)), exit(0);
		wait(&status);
	}
	return status ? 1 : 0;
}
