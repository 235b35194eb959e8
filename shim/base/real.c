/* SPDX-License-Identifier: MIT */
/* Finding the next malloc and friends, and the arena that serves until they are known. */
#include "real.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>

#include "loaded.h"
#include "path.h"
#include "sys.h"
#include "tail.h"
#include "rules.h"

struct real real __attribute__((aligned(64)));

unsigned char real_early_arena[REAL_EARLY_SIZE] __attribute__((aligned(16)));
static size_t early_used;
static int stage; /* 0 nothing known, 1 looking up, 2 ready */

size_t real_early_size(const void *p)
{
	return real_is_early(p) ? ((const size_t *)p)[-1] : 0;
}

void *real_early(size_t size, size_t align)
{
	if (align < 16)
		align = 16;
	if (size > REAL_EARLY_SIZE)
		return 0;
	size_t old = __atomic_load_n(&early_used, __ATOMIC_RELAXED), end;
	uintptr_t at;
	do {
		at = ((uintptr_t)real_early_arena + old + 16 + align - 1) & ~(uintptr_t)(align - 1);
		end = at + size - (uintptr_t)real_early_arena;
		if (end > REAL_EARLY_SIZE)
			return 0;
	} while (!__atomic_compare_exchange_n(&early_used, &old, end, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	((size_t *)at)[-1] = size;
	return (void *)at;
}

void *real_next(const char *name)
{
	void *there = loaded_next(name);

	/* what is not there has dlsym allocate for its message: with the malloc of a sanitizer that has not begun yet */
	return there && real.dlsym ? real.dlsym(RTLD_NEXT, name) : there;
}

static int in_libc(void *function)
{
	const char *path = function ? loaded_path(function) : 0;

	if (!path)
		return 0;
	path = path_file(path);
	return !strncmp(path, "libc.so.6", 9) || !strncmp(path, "libc-2", 6);
}

static void look_up(void)
{
	struct real r = {0};

	real.dlsym = (void *(*)(void *, const char *))loaded_next("dlsym");
	r.dlsym = real.dlsym;
	r.malloc = (void *(*)(size_t))real_next("malloc");
	r.free = (void (*)(void *))real_next("free");
	r.calloc = (void *(*)(size_t, size_t))real_next("calloc");
	r.realloc = (void *(*)(void *, size_t))real_next("realloc");
	r.reallocarray = (void *(*)(void *, size_t, size_t))real_next("reallocarray");
	r.posix_memalign = (int (*)(void **, size_t, size_t))real_next("posix_memalign");
	r.aligned_alloc = (void *(*)(size_t, size_t))real_next("aligned_alloc");
	r.memalign = (void *(*)(size_t, size_t))real_next("memalign");
	r.valloc = (void *(*)(size_t))real_next("valloc");
	r.pvalloc = (void *(*)(size_t))real_next("pvalloc");
	r.malloc_usable_size = (size_t(*)(void *))real_next("malloc_usable_size");
	r.is_glibc = in_libc((void *)r.malloc);
	r.place = (void *)r.malloc;
	real = r;
	tail_dlsym = (void *)r.dlsym;
	tail_dlopen = real_next("dlopen");
	tail_syscall = real_next("syscall");
}

/* Before glibc 2.34 they lie in a library of their own, which may come later. */
void *tail_find_dlsym(void)
{
	if (real_ready() && !tail_dlsym)
		tail_dlsym = loaded_next("dlsym");
	real.dlsym = (void *(*)(void *, const char *))tail_dlsym;
	return tail_dlsym;
}

void *tail_find_dlopen(void)
{
	if (real_ready() && !tail_dlopen)
		tail_dlopen = loaded_next("dlopen");
	return tail_dlopen;
}

static void look_up_rare(void)
{
	/* misses make dlsym allocate, so these come when malloc is known */
	real.cfree = (void (*)(void *))loaded_next("cfree");
	real.free_sized = (void (*)(void *, size_t))real_next("free_sized");
	real.free_aligned_sized = (void (*)(void *, size_t, size_t))real_next("free_aligned_sized");
}

int real_ready(void)
{
	int none = 0;

	if (__builtin_expect(__atomic_load_n(&stage, __ATOMIC_ACQUIRE) == 2, 1))
		return 1;
	if (!__atomic_compare_exchange_n(&stage, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE))
		return none == 2;
	look_up();
	__atomic_store_n(&stage, 2, __ATOMIC_RELEASE);
	look_up_rare();
	return 1;
}
