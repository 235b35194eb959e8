/* SPDX-License-Identifier: MIT */
/* main leaks 10 blocks and returns while 4 threads allocate and free without end. A good report
 * counts the 10; the threads may own at most one block each. */
#include "victim.h"

static void *churn(void *unused)
{
	for (;;)
		free(malloc(64));
	return unused;
}

static void leak(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

int main(void)
{
	pthread_t thread;

	for (int i = 0; i < 4; i++)
		pthread_create(&thread, 0, churn, 0);
	leak();
	usleep(50000);
	return 0;
}
