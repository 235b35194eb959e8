/* SPDX-License-Identifier: MIT */
/* A block held only in a variable of a library that was loaded later (argv[1]), or "lost" (argv[2]);
 * argv[3] is the library. */
#include "holder.h"
#include <dlfcn.h>

int main(int argc, char **argv)
{
	is_lost = !strcmp(argv[2], "lost");
	void *library = dlopen(argv[3], RTLD_NOW);
	void **(*where)(void) = library ? dlsym(library, strcmp(argv[1], "tls") ? "library_global" : "library_local") : 0;

	if (!where || argc < 4) return 1;
	hold(where(), 0);
	return 0;
}
