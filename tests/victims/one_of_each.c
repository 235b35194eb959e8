/* SPDX-License-Identifier: MIT */
/* Leaks one block by the function named in argv[1]. A good report names one block, its size as
 * requested and this file. */
#include <malloc.h>
#include "victim.h"

static int leak(const char *by)
{
	void *p = 0;

#define IS(name) (!strcmp(by, name))
	if (IS("posix_memalign"))
		return posix_memalign(&p, 64, 1011) || (keep(p), 0);
	keep(p = IS("malloc") ? malloc(1001) : IS("calloc") ? calloc(7, 143) :
	     IS("realloc") ? realloc(malloc(9), 1003) : IS("realloc_null") ? realloc(0, 1004) :
	     IS("reallocarray") ? reallocarray(0, 5, 201) : IS("memalign") ? memalign(32, 1012) :
	     IS("aligned_alloc") ? aligned_alloc(64, 1024) : IS("valloc") ? valloc(1013) :
	     IS("pvalloc") ? pvalloc(1014) : IS("strdup") ? strdup("nine char") :
	     IS("zero") ? malloc(0) : IS("large") ? malloc(300u << 20) : p);
	return !p || malloc_usable_size(p) < (IS("zero") ? 0 : 9);
}

int main(int argc, char **argv)
{
	return argc < 2 ? 2 : leak(argv[1]);
}
