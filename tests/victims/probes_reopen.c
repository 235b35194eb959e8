/* SPDX-License-Identifier: MIT */
/* Loads, uses and unloads json-c three times over, and loses one object each time. */
#include <dlfcn.h>
#include <string.h>

static void lose(void *library, int clean)
{
	void *(*make)(void) = (void *(*)(void))dlsym(library, "json_object_new_object");
	int (*put)(void *) = (int (*)(void *))dlsym(library, "json_object_put");
	void *object = make();
	if (clean)
		put(object);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		void *library = dlopen("libjson-c.so.5", RTLD_NOW | RTLD_LOCAL);
		lose(library, argc > 1 && !strcmp(argv[1], "clean"));
		dlclose(library);
	}
	return 0;
}
