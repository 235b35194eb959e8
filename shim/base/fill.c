/* SPDX-License-Identifier: MIT */
/* Clearing blocks as they are handed out: see fill.h. */
#include "fill.h"

#include <string.h>

#include "real.h"
#include "rules.h"

static struct real before;

#define GLIBC_MAPPED 2u /* in the word before a block: it has pages of its own, fresh from the kernel */

static void *cleared(void *p, size_t size)
{
	if (p && before.is_glibc && ((const size_t *)p)[-1] & GLIBC_MAPPED)
		return p;
	size_t usable = p && before.malloc_usable_size ? before.malloc_usable_size(p) : size;

	return p ? memset(p, 0, usable) : p;
}

static void *fill_malloc(size_t size)
{
	return cleared(before.malloc(size), size);
}

static void *fill_memalign(size_t align, size_t size)
{
	return cleared(before.memalign(align, size), size);
}

static void *fill_aligned_alloc(size_t align, size_t size)
{
	return cleared(before.aligned_alloc(align, size), size);
}

static void *fill_valloc(size_t size)
{
	return cleared(before.valloc(size), size);
}

static void *fill_pvalloc(size_t size)
{
	return cleared(before.pvalloc(size), size);
}

static int fill_posix_memalign(void **to, size_t align, size_t size)
{
	int error = before.posix_memalign(to, align, size);

	if (!error)
		cleared(*to, size);
	return error;
}

/* Up to the old end everything was cleared or written. */
static void *fill_realloc(void *p, size_t size)
{
	size_t had = p ? before.malloc_usable_size(p) : 0;
	char *q = before.realloc(p, size);
	size_t has = q ? before.malloc_usable_size(q) : 0;

	if (has > had)
		memset(q + had, 0, has - had);
	return q;
}

static void *fill_reallocarray(void *p, size_t count, size_t size)
{
	size_t had = p ? before.malloc_usable_size(p) : 0;
	char *q = before.reallocarray(p, count, size);
	size_t has = q ? before.malloc_usable_size(q) : 0;

	if (has > had)
		memset(q + had, 0, has - had);
	return q;
}

void fill_start(void)
{
	if (!real.malloc || !real.malloc_usable_size)
		return;
	before = real;
	real.malloc = fill_malloc;
	real.memalign = before.memalign ? fill_memalign : 0;
	real.aligned_alloc = before.aligned_alloc ? fill_aligned_alloc : 0;
	real.valloc = before.valloc ? fill_valloc : 0;
	real.pvalloc = before.pvalloc ? fill_pvalloc : 0;
	real.posix_memalign = before.posix_memalign ? fill_posix_memalign : 0;
	real.realloc = before.realloc ? fill_realloc : 0;
	real.reallocarray = before.reallocarray ? fill_reallocarray : 0;
}
