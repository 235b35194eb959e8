/* SPDX-License-Identifier: MIT */
/* answer: shutdown-not-drained; in main|log_stop; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct entry {
	struct entry *next;
	char line[80];
} entry;

static entry *pending;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static volatile int quit;
static unsigned written;

static entry *log_pop(void)
{
	pthread_mutex_lock(&guard);
	entry *e = pending;
	if (e)
		pending = e->next;
	pthread_mutex_unlock(&guard);
	return e;
}

static void log_write(entry *e)
{
	for (char *c = e->line; *c; c++)
		written += (unsigned char)*c;
	free(e);
}

static void *log_thread(void *unused)
{
	for (int i = 0; i < 25; i++) {
		entry *e = log_pop();

		if (e)
			log_write(e);
	}
	while (!quit)
		usleep(500);
	return unused;
}

static void log_say(int n)
{
	entry *e = malloc(sizeof(*e));

	snprintf(e->line, sizeof(e->line), "request %d took %d ms", n, n % 17);
	pthread_mutex_lock(&guard);
	e->next = pending;
	pending = e;
	pthread_mutex_unlock(&guard);
}

static void log_stop(pthread_t t)
{
	quit = 1; /* <<< */
	pthread_join(t, NULL); /* >>> */
#ifndef FAULT
	for (entry *e; (e = log_pop());)
		log_write(e);
#endif
}

int main(void)
{
	pthread_t t;

	for (int i = 0; i < 60; i++)
		log_say(i);
	pthread_create(&t, NULL, log_thread, NULL);
	log_stop(t); /* <<< */
	printf("%d\n", written > 0);
	return 0; /* >>> */
}
