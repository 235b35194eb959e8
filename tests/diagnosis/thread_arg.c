/* SPDX-License-Identifier: MIT */
/* answer: never-released; in serve; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request { int number; char text[60]; };

static int total;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *serve(void *data)
{
	struct request *r = data;
	int length = (int)strlen(r->text);

	pthread_mutex_lock(&lock);
	total += length + r->number;
	pthread_mutex_unlock(&lock);
#ifndef FAULT
	free(r);
#endif
	return NULL; /* <<< >>> */
}

int main(void)
{
	pthread_t t[6];

	for (int i = 0; i < 6; i++) {
		struct request *r = malloc(sizeof(*r));

		r->number = i;
		snprintf(r->text, sizeof(r->text), "request %d", i);
		pthread_create(&t[i], NULL, serve, r);
	}
	for (int i = 0; i < 6; i++)
		pthread_join(t[i], NULL);
	printf("%d\n", total);
	return 0;
}
