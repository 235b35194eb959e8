/* SPDX-License-Identifier: MIT */
/* Allocates and frees for bound_deep, which loads it so that its own malloc and free come before everybody's. */
#include <dlfcn.h>
#include <stdlib.h>

void *(*const deep_pointers[])(void *, size_t) = {realloc};
static void *made_early;

__attribute__((constructor)) static void early(void)
{
	made_early = malloc(50);
}

void *deep_make(size_t size);
void *deep_make(size_t size)
{
	return size % 2 ? malloc(size) : calloc(1, size);
}

void deep_free(void *p);
void deep_free(void *p)
{
	free(p);
}

void (*deep_pointer(void))(void *);
void (*deep_pointer(void))(void *)
{
	free(made_early);
	return free;
}

void *deep_open(const char *path);
void *deep_open(const char *path)
{
	return dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
}
