/* SPDX-License-Identifier: MIT */
/* A process with so many MiB in malloc blocks (argv[1]) and so many threads (argv[2]), one of which writes all the time. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK (64ul << 10)

static char **blocks;
static unsigned long count;

static void *sleeper(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void *writer(void *unused)
{
	for (unsigned long i = 0;; i = (i + 7) % count)
		blocks[i][i % BLOCK]++, usleep(1000);
	return unused;
}

int main(int argc, char **argv)
{
	unsigned long threads = argc > 2 ? strtoul(argv[2], 0, 10) : 1;

	count = strtoul(argc > 1 ? argv[1] : "1", 0, 10) * 16;
	blocks = calloc(count, sizeof *blocks);
	for (unsigned long i = 0; i < count; i++)
		memset(blocks[i] = malloc(BLOCK), 1, BLOCK);
	for (unsigned long i = 1; i < threads; i++) {
		pthread_t t;
		pthread_create(&t, 0, i == 1 ? writer : sleeper, 0);
	}
	puts("ready");
	fflush(stdout);
	sleeper(0);
}
