/* SPDX-License-Identifier: MIT */
/* answer: shutdown-not-drained; in main; at the lines between the marks */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct task {
	struct task *next;
	int n;
	char load[100];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct task *first, **last = &first;
static int stop, done;

static void put(int n)
{
	struct task *t = malloc(sizeof(*t));

	t->n = n;
	t->next = NULL;
	memset(t->load, n, sizeof(t->load));
	pthread_mutex_lock(&lock);
	*last = t;
	last = &t->next;
	pthread_mutex_unlock(&lock);
}

static struct task *take(void)
{
	struct task *t;

	pthread_mutex_lock(&lock);
	t = first;
	if (t && !(first = t->next))
		last = &first;
	pthread_mutex_unlock(&lock);
	return t;
}

static void *run(void *unused)
{
	while (!__atomic_load_n(&stop, __ATOMIC_ACQUIRE)) {
		struct task *t = take();

		if (!t) {
			usleep(200);
			continue;
		}
		done += t->n & 1;
		free(t);
		if (__atomic_load_n(&done, __ATOMIC_ACQUIRE) >= 40)
			__atomic_store_n(&stop, 1, __ATOMIC_RELEASE);
	}
	return unused;
}

int main(void)
{
	pthread_t thread;

	for (int i = 0; i < 120; i++)
		put(i);
	pthread_create(&thread, NULL, run, NULL);
	pthread_join(thread, NULL);
#ifndef FAULT
	for (struct task *t; (t = take());)
		free(t);
#endif
	printf("%d\n", done); /* <<< */
	return 0; /* >>> */
}
