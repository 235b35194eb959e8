/* SPDX-License-Identifier: MIT */
/* answer: race; in blob_put|blob_get; at the lines between the marks */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct blob {
	volatile int refs;
	char bytes[200];
} blob;

static pthread_barrier_t gate;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void blob_get(blob *b)
{
#ifndef FAULT
	pthread_mutex_lock(&mutex);
#endif
	int old = b->refs; /* <<< */

	sched_yield();
	b->refs = old + 1; /* >>> */
#ifndef FAULT
	pthread_mutex_unlock(&mutex);
#endif
}

static void blob_put(blob *b)
{
	int left;
#ifndef FAULT
	pthread_mutex_lock(&mutex);
#endif
	left = b->refs - 1; /* <<< */
	sched_yield();
	b->refs = left;
	if (left == 0) /* >>> */
		left = -1;
#ifndef FAULT
	pthread_mutex_unlock(&mutex);
#endif
	if (left == -1)
		free(b);
}

static void *reader(void *arg)
{
	blob *b = arg;

	pthread_barrier_wait(&gate);
	b->bytes[3]++;
	blob_put(b);
	return NULL;
}

int main(void)
{
	for (int i = 0; i < 100; i++) {
		pthread_t a, b;
		blob *x = calloc(1, sizeof(*x));

		x->refs = 1;
		blob_get(x);
		pthread_barrier_init(&gate, NULL, 2);
		pthread_create(&a, NULL, reader, x);
		pthread_create(&b, NULL, reader, x);
		pthread_join(a, NULL);
		pthread_join(b, NULL);
		pthread_barrier_destroy(&gate);
	}
	puts("done");
	return 0;
}
