/* SPDX-License-Identifier: MIT */
/* How long blocks lived: see lifetime.h. */
#include "lifetime.h"

/* The age that so many of them had at most, in percent. */
static uint64_t age_of(const uint64_t *ages, uint64_t all, unsigned percent, uint64_t max)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < RELEASE_AGES; i++) {
		sum += ages[i];
		if (sum * 100 >= all * percent) {
			uint64_t bound = (uint64_t)4096 << i;

			return bound < max || i == 0 ? bound : max;
		}
	}
	return max;
}

void lifetime_add(struct ages *ages, const struct release *more)
{
	for (unsigned k = 0; k < RELEASE_AGES; k++)
		ages->count[k] += more->ages[k];
	if (more->max_us > ages->max_us)
		ages->max_us = more->max_us;
}

void lifetime_add_one(struct ages *ages, uint64_t age_us)
{
	unsigned class = 0;

	while (class < RELEASE_AGES - 1 && age_us >= (uint64_t)4096 << class)
		class++;
	ages->count[class]++;
	if (age_us > ages->max_us)
		ages->max_us = age_us;
}

struct lifetime lifetime_of(const struct ages *ages)
{
	struct lifetime l = { .max_us = ages->max_us };

	for (unsigned k = 0; k < RELEASE_AGES; k++)
		l.count += ages->count[k];
	if (l.count) {
		l.p50_us = age_of(ages->count, l.count, 50, l.max_us);
		l.p99_us = age_of(ages->count, l.count, 99, l.max_us);
	}
	return l;
}
