/* SPDX-License-Identifier: MIT */
/* Loses 10 blocks in lose(), holds 2000 in threads that free and make them all the time, and waits in epoll_wait.
 * A look at it must name the 10 only; it says EINTR if a call was disturbed. */
#include "holder.h"
#include <sys/epoll.h>

static __attribute__((noinline)) void lose(void)
{
	for (int i = 0; i < 10; i++) make_hidden();
	scrub();
}

static void *churn(void *unused)
{
	static __thread void *slots[1000];

	for (unsigned n = 1;; n = n * 1664525 + 1013904223) {
		int i = n >> 8 & 511;

		free(slots[i]);
		slots[i] = malloc(16 + (n >> 20) % 500);
		if (n >> 20 == 0) usleep(1000);
	}
	return unused;
}

int main(int argc, char **argv)
{
	int set = epoll_create1(0);
	struct epoll_event event;
	pthread_t thread;

	lose();
	for (int i = 0; i < 2; i++) pthread_create(&thread, 0, churn, 0);
	puts("ready");
	fflush(stdout);
	for (;;)
		if (epoll_wait(set, &event, 1, 100000) < 0) puts("EINTR"), fflush(stdout);
	return argc + !argv;
}
