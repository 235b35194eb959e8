/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LATE_H
#define LEAKSHIM_LATE_H
/*
 * Have the living ones of a place outlived their time, and do more of them come? By the lifetimes of those that were let go,
 * and by times of birth.
 *
 *   late_release, late_end for all that went ... late_settle ... late_first for all that live ... late_second for all again,
 *   if late_is_many
 *
 * Lifetimes are those of the watched blocks of a place. Where there are too few, those of counted objects that ended a short
 * while ago: in that while so many more must have come that stay, that one of them would have ended if they ever did.
 */
#include "lifetime.h"

#define LATE_RELEASED 20u
#define LATE_COUNT 10u

struct late {
	struct ages ages, ended;
	uint64_t ended_from_us; /* when the first of `ended` did */
	struct lifetime lifetime;
	uint64_t moment_us, limit_us; /* limit: what is older is overdue */
	bool is_known, by_ended; /* enough others were let go; that is known of ended ones only */
	double count, bytes;          /* overdue */
	uint32_t overdue, kept;       /* living ones: overdue, and those that have outlived their time, overdue or not yet */
	uint32_t oldest;              /* number of one */
	uint64_t oldest_us, first_us, last_us;
	double recent;                /* kept ones of the last third */
	double half_count, half_bytes; /* and of the last half */
};

void late_release(struct late *late, const struct release *more);
void late_end(struct late *late, uint64_t born_us, uint64_t end_us);

/* The trace shows this moment. */
void late_settle(struct late *late, uint64_t moment_us);

/* `number` is kept for the oldest. */
void late_first(struct late *late, uint64_t born_us, uint32_t number, double count, double bytes);
bool late_is_many(const struct late *late);
void late_second(struct late *late, uint64_t born_us, double count, double bytes);

bool late_is_growing(const struct late *late);

/* Is it sure that they live longer than others do? */
bool late_is_overdue(const struct late *late);

double late_count_a_minute(const struct late *late);
double late_bytes_a_minute(const struct late *late);
#endif
