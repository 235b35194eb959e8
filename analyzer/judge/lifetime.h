/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LIFETIME_H
#define LEAKSHIM_LIFETIME_H
/*
 * How long the watched blocks of a place lived that were let go. Ages are known by classes, so that p50 and p99 are upper
 * bounds.
 */
#include "model.h"

struct ages {
	uint64_t count[RELEASE_AGES], max_us;
};

void lifetime_add(struct ages *ages, const struct release *more);
void lifetime_add_one(struct ages *ages, uint64_t age_us);

/* Its count is 0 if none was seen to go. */
struct lifetime lifetime_of(const struct ages *ages);
#endif
