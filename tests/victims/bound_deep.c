/* SPDX-License-Identifier: MIT */
/* bound_deep lazy|now LIBRARY [OTHER]: hands blocks to and fro with a library that is loaded with RTLD_DEEPBIND, as PHP loads
 * its extensions, or with the OTHER one, which the first one loads so. All are let go but 10 of 123 and 10 of 124 bytes. */
#include <dlfcn.h>
#include "victim.h"

typedef void *(*make_function)(size_t);
typedef void (*free_function)(void *);
typedef void *(*resize_function)(void *, size_t);

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);

	if (!found)
		exit(2);
	return found;
}

static void leak(void *library)
{
	make_function make = (make_function)symbol(library, "deep_make");
	free_function let_go = (free_function)symbol(library, "deep_free");
	free_function pointer = ((free_function(*)(void))symbol(library, "deep_pointer"))();
	resize_function resize = *(resize_function *)symbol(library, "deep_pointers");

	for (int i = 0; i < 10; i++) {
		keep(make(123));
		keep(make(124));
		let_go(malloc(77));
		pointer(malloc(78));
		let_go(resize(malloc(79), 5000));
		free(make(80));
		free(resize(make(81), 82));
	}
	for (int i = 0; i < 200; i++)
		free(malloc((size_t)i * 30));
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	void *library = dlopen(argv[2], (strcmp(argv[1], "lazy") ? RTLD_NOW : RTLD_LAZY) | RTLD_DEEPBIND);
	if (library && argc > 3)
		library = ((void *(*)(const char *))symbol(library, "deep_open"))(argv[3]);
	if (!library)
		return 2;
	leak(library);
	forget();
	return dlclose(library);
}
