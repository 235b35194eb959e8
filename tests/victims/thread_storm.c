/* SPDX-License-Identifier: MIT */
/* Starts argv[1] short threads, 8 at a time; each makes 20 blocks and frees them, each hundredth leaks
 * one block of 77 bytes. A good report counts those exactly, and nothing is kept of a dead thread. */
#include "victim.h"

static void leak(void)
{
	keep(malloc(77));
}

static void *brief(void *number)
{
	for (int i = 0; i < 20; i++)
		free(malloc(10 + (size_t)i));
	if ((long)number % 100 == 0)
		leak();
	return 0;
}

int main(int argc, char **argv)
{
	long threads = argc > 1 ? atol(argv[1]) : 800;
	pthread_t id[8];

	for (long i = 0; i < threads; i += 8) {
		for (long k = 0; k < 8; k++)
			if (pthread_create(&id[k], 0, brief, (void *)(i + k)))
				return 1;
		for (long k = 0; k < 8; k++)
			pthread_join(id[k], 0);
	}
	return 0;
}
