/* SPDX-License-Identifier: MIT */
/* A thread hangs in the constructor of a library that it loads, with the loader's lock; main leaks 10
 * blocks and ends as argv[2] says. Nobody who reports may wait for that lock. */
#include <dlfcn.h>
#include "victim.h"

static void *load(void *path)
{
	return dlopen(path, RTLD_NOW);
}

static void leak(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

int main(int argc, char **argv)
{
	pthread_t thread;

	if (argc < 3)
		return 2;
	pthread_create(&thread, 0, load, argv[1]);
	usleep(200000);
	leak();
	return end(argv[2], argv);
}
