/* SPDX-License-Identifier: MIT */
/* imports_bind lazy|now LIBRARY: a module that was loaded with RTLD_DEEPBIND and is relocated already, as the loader shows it from
 * glibc 2.41 on: every way in which it calls malloc's family leads to ours afterwards. The other order, before relocation, is
 * what bound_deep sees where glibc is older. */
#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "imports.h"
#include "poke.h"

static int memory, freed, resized;

int poke_write(uintptr_t at, const void *from, size_t size)
{
	return pwrite(memory, from, size, (off_t)at) == (ssize_t)size ? 0 : -1;
}

int poke_read(uintptr_t at, void *to, size_t size)
{
	memcpy(to, (const void *)at, size);
	return 0;
}

static void my_free(void *p)
{
	freed++;
	free(p);
}

static void *my_realloc(void *p, size_t size)
{
	resized++;
	return realloc(p, size);
}

static void *own(const char *name, void **next)
{
	if (!strcmp(name, "free"))
		return *next = (void *)free, (void *)my_free;
	if (!strcmp(name, "realloc"))
		return *next = (void *)realloc, (void *)my_realloc;
	return NULL;
}

int main(int argc, char **argv)
{
	CHECK(argc == 3 && (memory = open("/proc/self/mem", O_RDWR)) >= 0);
	int when = strcmp(argv[1], "lazy") ? RTLD_NOW : RTLD_LAZY;
	void *library = dlopen(argv[2], when | RTLD_DEEPBIND);
	CHECK(library);
	void (*let_go)(void *) = (void (*)(void *))dlsym(library, "deep_free");
	void (*(*pointer)(void))(void *) = (void (*(*)(void))(void *))dlsym(library, "deep_pointer");
	void *(**resize)(void *, size_t) = (void *(**)(void *, size_t))dlsym(library, "deep_pointers");
	CHECK(let_go && pointer && resize && *resize == realloc);
	CHECK(imports_bind((const struct link_map *)library, own) >= 3);
	let_go(malloc(1));
	CHECK(freed == 1);
	CHECK(pointer() == my_free && freed == 2);
	let_go((*resize)(malloc(1), 100));
	CHECK(resized == 1 && freed == 3);
	CHECK(imports_bind((const struct link_map *)library, own) == 0); /* all is done */
	return 0;
}
