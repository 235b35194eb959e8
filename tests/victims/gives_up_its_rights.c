/* SPDX-License-Identifier: MIT */
/* Loses 3 blocks and becomes somebody else, as daemons do that root has started; with argv[1] so many threads are left
 * waiting, with argv[2] it waits itself. */
#include <grp.h>
#include <semaphore.h>
#include <unistd.h>
#include "victim.h"

static sem_t is_there;

static void *wait_for_ever(void *none)
{
	free(malloc(100));
	sem_post(&is_there);
	pause();
	return none;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++) {
		char *volatile p = malloc(100);

		p = 0;
		(void)p;
	}
	forget();
	if (setgroups(0, 0) || setgid(65534) || setuid(65534))
		return 9;
	sem_init(&is_there, 0, 0);
	for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--) {
		if (pthread_create(&thread, 0, wait_for_ever, 0)) return 1;
		sem_wait(&is_there);
	}
	if (argc > 2)
		pause();
	return 4;
}
