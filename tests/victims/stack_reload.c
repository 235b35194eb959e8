/* SPDX-License-Identifier: MIT */
/* Libraries that follow each other at one address; the two have different frames. */
#include <dlfcn.h>
#include <stdlib.h>

__attribute__((noinline)) void stack_reload_take(size_t n) { void *volatile p = malloc(n); free(p); }
int main(int argc, char **argv)
{
	int (*call)(int, void (*)(size_t));
	int r = argc;
	for (int i = 0; i < 30; i++) {
		void *library = dlopen(argv[1 + i % 2], RTLD_NOW);
		if (!library || !(call = (int (*)(int, void (*)(size_t)))dlsym(library, "call")))
			return 2;
		r += call(i, stack_reload_take);
		dlclose(library);
	}
	return r == 0;
}
