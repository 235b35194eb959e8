/* SPDX-License-Identifier: MIT */
/* Retains and releases one GBytes argv[1] times: from one place each, or with a second argument from five each in turn,
 * which is more than its records have room for. Nothing else happens. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef void *take(void *);
typedef void give(void *);

int main(int argc, char **argv)
{
	void *library = dlopen("libglib-2.0.so.0", RTLD_NOW);
	long count = argc > 1 ? atol(argv[1]) : 1;

	if (!library)
		return fputs("no libglib-2.0.so.0\n", stderr), 2;
	void *(*make)(const void *, size_t) = (void *(*)(const void *, size_t))(size_t)dlsym(library, "g_bytes_new");
	take *ref = (take *)(size_t)dlsym(library, "g_bytes_ref");
	give *unref = (give *)(size_t)dlsym(library, "g_bytes_unref");
	void *bytes = make("payload", 7);

	for (long i = 0; argc < 3 && i < count; i++)
		ref(bytes), unref(bytes);
	for (long i = 0; argc > 2 && i < count; i += 5) {
		ref(bytes), unref(bytes);
		ref(bytes), unref(bytes);
		ref(bytes), unref(bytes);
		ref(bytes), unref(bytes);
		ref(bytes), unref(bytes);
	}
	unref(bytes);
	return 0;
}
