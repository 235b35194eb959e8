/* SPDX-License-Identifier: MIT */
/* answer: race|overwritten; in table_get; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static unsigned *table;
static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;

static unsigned *table_build(void)
{
	unsigned *t = malloc(256 * sizeof(*t));

	for (unsigned i = 0; i < 256; i++)
		t[i] = i * 2654435761u;
	usleep(3000);
	return t;
}

static unsigned table_get(unsigned char c)
{
#ifndef FAULT
	pthread_mutex_lock(&once);
#endif
	if (!table) /* <<< */
		table = table_build(); /* >>> */
#ifndef FAULT
	pthread_mutex_unlock(&once);
#endif
	return table[c];
}

static void *hasher(void *arg)
{
	unsigned h = 0;

	for (const char *s = arg; *s; s++)
		h ^= table_get((unsigned char)*s);
	return (void *)(unsigned long)h;
}

int main(void)
{
	pthread_t t[4];

	for (int i = 0; i < 4; i++)
		pthread_create(&t[i], NULL, hasher, "some text to hash");
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	printf("%u\n", table[7]);
	free(table);
	table = NULL;
	return 0;
}
