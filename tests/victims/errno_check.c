/* SPDX-License-Identifier: MIT */
/* Sets errno, calls every function of the malloc family, and prints each one that changed it. */
#include <malloc.h>
#include "victim.h"

static int faults;

static void check(const char *name, int failed)
{
	if (errno != 4242 || failed) {
		printf("%s: errno %d\n", name, errno);
		faults++;
	}
	errno = 4242;
}

#define CHECK(call) check(#call, !(call))

static void *thread(void *p)
{
	errno = 4242;
	CHECK(p = malloc(10));
	CHECK((free(p), 1));
	return 0;
}

int main(void)
{
	void *p = 0, *q = 0;
	pthread_t id;

	errno = 4242;
	CHECK(p = malloc(10));
	CHECK(p = realloc(p, 100000));
	CHECK(p = realloc(p, 10));
	CHECK((free(p), 1));
	CHECK((free(0), 1));
	CHECK(p = calloc(2, 10));
	CHECK(p = reallocarray(p, 5, 10));
	CHECK(malloc_usable_size(p) >= 50);
	CHECK((free(p), 1));
	CHECK(!posix_memalign(&q, 64, 10));
	CHECK((free(q), 1));
	CHECK(posix_memalign(&q, 3, 10) == EINVAL);
	CHECK(p = aligned_alloc(64, 64));
	CHECK((free(p), 1));
	CHECK(p = memalign(64, 10));
	CHECK((free(p), 1));
	CHECK(p = valloc(10));
	CHECK((free(p), 1));
	CHECK(p = pvalloc(10));
	CHECK((free(p), 1));
	CHECK(p = malloc(64u << 20));
	CHECK((free(p), 1));
	for (int i = 0; i < 100000; i++)
		CHECK(p = malloc((size_t)i % 5000));
	pthread_create(&id, 0, thread, 0);
	pthread_join(id, 0);
	volatile size_t too_much = PTRDIFF_MAX;

	errno = 0;
	if (malloc(too_much) || errno != ENOMEM)
		faults++, puts("malloc of too much: no ENOMEM");
	errno = 0;
	if (calloc(too_much, 4) || errno != ENOMEM)
		faults++, puts("calloc of too much: no ENOMEM");
	return faults != 0;
}
