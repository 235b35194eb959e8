/* SPDX-License-Identifier: MIT */
/* main ends by pthread_exit; a thread goes on, leaks 10 blocks and ends the process by returning
 * as the last one. A good report has the 10 and says that the process ended by exit. */
#include "victim.h"

static void leak_late(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

static void *go_on(void *unused)
{
	usleep(100000);
	leak_late();
	return unused;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, 0, go_on, 0);
	pthread_exit(0);
}
