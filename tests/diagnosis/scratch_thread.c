/* SPDX-License-Identifier: MIT */
/* answer: thread-exit; in work; at the lines between the marks */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread char *scratch;

static char *scratch_get(void)
{
	if (!scratch)
		scratch = malloc(300);
	return scratch;
}

static void *work(void *name)
{
	for (int i = 0; i < 3; i++)
		snprintf(scratch_get(), 300, "%s %d", (char *)name, i);
	puts(scratch_get());
#ifndef FAULT
	free(scratch);
	scratch = NULL;
#endif
	return NULL; /* <<< >>> */
}

int main(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, work, "worker");
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	return 0;
}
