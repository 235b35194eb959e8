/* SPDX-License-Identifier: MIT */
/* answer: thread-exit; in format_time|worker|main; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static pthread_key_t key;

static char *format_time(int seconds)
{
	char *b = pthread_getspecific(key);

	if (!b) {
		b = malloc(64);
		pthread_setspecific(key, b);
	}
	snprintf(b, 64, "%02d:%02d", seconds / 60, seconds % 60);
	return b;
}

static void *worker(void *arg)
{
	for (int i = 0; i < 5; i++)
		puts(format_time(i * 61 + (int)(long)arg));
	return NULL; /* <<< >>> */
}

int main(void)
{
	pthread_t t[3];

#ifdef FAULT
	pthread_key_create(&key, NULL);
#else
	pthread_key_create(&key, free);
#endif
	for (long i = 0; i < 3; i++)
		pthread_create(&t[i], NULL, worker, (void *)i);
	for (int i = 0; i < 3; i++)
		pthread_join(t[i], NULL);
	return 0;
}
