/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REAL_H
#define LEAKSHIM_REAL_H
/*
 * The functions that the program would have called without us: the next in its own
 * symbol order, so the program's jemalloc, tcmalloc or mimalloc where it brings one.
 *
 * Until they are known (dlsym may allocate while it looks them up) requests are served from
 * a small arena of our own, whose blocks are recognised for ever and never released.
 */
#include <stddef.h>
#include <stdint.h>

struct real {
	void *(*malloc)(size_t);
	void (*free)(void *);
	void *(*calloc)(size_t, size_t);
	void *(*realloc)(void *, size_t);
	void *(*reallocarray)(void *, size_t, size_t);
	int (*posix_memalign)(void **, size_t, size_t);
	void *(*aligned_alloc)(size_t, size_t);
	void *(*memalign)(size_t, size_t);
	void *(*valloc)(size_t);
	void *(*pvalloc)(size_t);
	size_t (*malloc_usable_size)(void *);
	void (*cfree)(void *);
	void (*free_sized)(void *, size_t);
	void (*free_aligned_sized)(void *, size_t, size_t);
	void *(*dlsym)(void *, const char *);
	int is_glibc;      /* the allocator is glibc's own */
	void *place;       /* an address in the allocator's code */
};

extern struct real real __attribute__((visibility("hidden")));

/* 1 once `real` is filled; fills it on the first call. 0 while that is under way. */
int real_ready(void);

/* The next definition of a name in the program's symbol order after ours, or 0. */
void *real_next(const char *name);

/* The bootstrap arena. */
void *real_early(size_t size, size_t align);
size_t real_early_size(const void *p); /* usable bytes; 0: not from the arena */

#define REAL_EARLY_SIZE (64u * 1024)
extern unsigned char real_early_arena[REAL_EARLY_SIZE] __attribute__((visibility("hidden")));

static inline int real_is_early(const void *p)
{
	return (uintptr_t)p - (uintptr_t)real_early_arena < REAL_EARLY_SIZE;
}
#endif
