/* SPDX-License-Identifier: MIT */
/* Warms up, then churns between two getppid() that strace can see. Nothing else may be seen between them. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

static pthread_barrier_t gate;

static __attribute__((noinline)) void churn(long pairs, int depth)
{
	void *p[64] = {0};

	if (depth) {
		churn(pairs, depth - 1);
		return;
	}
	for (long i = 0; i < pairs; i++) {
		free(p[i % 64]);
		p[i % 64] = malloc((size_t)(16 + i % 200));
	}
	for (int i = 0; i < 64; i++)
		free(p[i]);
}

static void *work(void *unused)
{
	churn(10000, 20);
	getppid();
	churn(100000, 20);
	getppid();
	pthread_barrier_wait(&gate);
	return unused;
}

int main(void)
{
	pthread_t thread;

	pthread_barrier_init(&gate, NULL, 2);
	pthread_create(&thread, NULL, work, NULL);
	work(NULL);
	return pthread_join(thread, NULL);
}
