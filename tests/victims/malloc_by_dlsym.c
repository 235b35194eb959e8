/* SPDX-License-Identifier: MIT */
/* Fetches malloc and free by dlsym on libc's own handle, as the JDK's foreign memory does, and leaks 10
 * blocks of 123 bytes. A good report has the 10, and no trouble with one freed the other way. */
#include <dlfcn.h>
#include "victim.h"

typedef void *(*make)(size_t);
typedef void (*release)(void *);

static void leak(make own_malloc, release own_free)
{
	for (int i = 0; i < 10; i++)
		keep(own_malloc(123));
	own_free(malloc(124));
	free(own_malloc(125));
}

int main(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);

	if (!libc)
		return 2;
	leak((make)dlsym(libc, "malloc"), (release)dlsym(libc, "free"));
	return 0;
}
