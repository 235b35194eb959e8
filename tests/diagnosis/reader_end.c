/* SPDX-License-Identifier: MIT */
/* answer: thread-exit; in tail; at the lines between the marks */
/* of two kinds of threads one does not release what each has for itself */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread char *buffer;

static char *buffer_get(void)
{
	if (!buffer)
		buffer = calloc(1, 128);
	return buffer;
}

static void buffer_done(void)
{
	free(buffer);
	buffer = NULL;
}

static int words(const char *text)
{
	char *copy = buffer_get(), *rest = NULL;
	int count = 0;

	strncpy(copy, text, 127);
	for (char *at = strtok_r(copy, " ", &rest); at; at = strtok_r(NULL, " ", &rest))
		count++;
	return count;
}

static void *head(void *count)
{
	*(int *)count += words("the first lines of it");
	buffer_done();
	return NULL;
}

static void *tail(void *count)
{
	for (int i = 0; i < 3; i++)
		*(int *)count += words("and the last ones");
	*(int *)count *= 2; /* <<< */
#ifndef FAULT
	buffer_done();
#endif
	return NULL;
} /* >>> */

int main(void)
{
	int count = 0;

	for (int i = 0; i < 16; i++) {
		pthread_t t;

		pthread_create(&t, NULL, i % 4 == 3 ? tail : head, &count);
		pthread_join(t, NULL);
	}
	printf("%d\n", count);
	return 0;
}
