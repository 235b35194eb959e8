/* SPDX-License-Identifier: MIT */
#include "advice.h"

#include <errno.h>
#include <sys/mman.h>

#include "real.h"
#include "sys.h"
#include "rules.h"

#define API __attribute__((visibility("default")))

struct reach_region advice_not_copied[ADVICE_RANGES];
uint32_t advice_count;

static void note(uintptr_t start, uintptr_t size)
{
	uint32_t i = __atomic_fetch_add(&advice_count, 1, __ATOMIC_RELAXED);
	struct reach_region *last = &advice_not_copied[ADVICE_RANGES - 1];

	if (i < ADVICE_RANGES) {
		advice_not_copied[i] = (struct reach_region){start, size};
		return;
	}
	__atomic_store_n(&advice_count, ADVICE_RANGES, __ATOMIC_RELAXED);
	uintptr_t low = start < last->start ? start : last->start;
	uintptr_t high = start + size > last->start + last->size ? start + size : last->start + last->size;
	*last = (struct reach_region){low, high - low};
}

API int madvise(void *at, size_t size, int advice)
{
	static int (*next)(void *, size_t, int);

	if (advice == MADV_DONTFORK)
		note((uintptr_t)at, size);
	if (!next)
		next = (__typeof__(next))real_next("madvise");
	if (next)
		return next(at, size, advice);
	long result = sys_call3(SYS_madvise, (long)at, (long)size, advice);
	if (!sys_failed(result))
		return 0;
	errno = (int)-result;
	return -1;
}
