/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in worker; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct line {
	struct line *next;
	char *text;
};

static struct line *head;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static int over;

static void put(const char *text)
{
	struct line *line = malloc(sizeof *line);

	line->text = strdup(text);
	pthread_mutex_lock(&lock);
	line->next = head;
	head = line;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

static void *worker(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&lock);
		while (!head && !over)
			pthread_cond_wait(&more, &lock);
		struct line *line = head;

		if (line)
			head = line->next;
		pthread_mutex_unlock(&lock);
		if (!line)
			return unused;
		if (strlen(line->text) > 6) { /* <<< */
#ifndef FAULT
			free(line->text);
#endif
			free(line);
			continue;
		} /* >>> */
		free(line->text);
		free(line);
	}
}

int main(void)
{
	pthread_t thread;
	char text[30];

	pthread_create(&thread, NULL, worker, NULL);
	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof text, i % 10 ? "m%d" : "message %d", i);
		put(text);
	}
	pthread_mutex_lock(&lock);
	over = 1;
	pthread_cond_broadcast(&more);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	return 0;
}
