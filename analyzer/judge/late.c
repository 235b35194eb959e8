/* SPDX-License-Identifier: MIT */
/* What has outlived its time at one place: see late.h. */
#include "late.h"

#define LIMIT_LEAST_US 1000000u
#define LIMIT_TIMES 10u
#define STOPPED_GAPS 4.0 /* so many times the usual one without a birth: no more come */
#define RECENT_LEAST 3.0
#define UNENDED_LEAST 5.0 /* born while others were seen to end */
#define MINUTE_US 6e7

void late_release(struct late *late, const struct release *more)
{
	lifetime_add(&late->ages, more);
}

void late_end(struct late *late, uint64_t born_us, uint64_t end_us)
{
	if (end_us < born_us)
		return;
	lifetime_add_one(&late->ended, end_us - born_us);
	if (!late->ended_from_us || end_us < late->ended_from_us)
		late->ended_from_us = end_us;
}

void late_settle(struct late *late, uint64_t moment_us)
{
	struct lifetime blocks = lifetime_of(&late->ages), ended = lifetime_of(&late->ended);
	struct lifetime *l = &late->lifetime;
	uint64_t limit;

	late->by_ended = blocks.count < LATE_RELEASED && ended.count >= blocks.count;
	*l = late->by_ended ? ended : blocks;
	if (blocks.max_us > l->max_us)
		l->max_us = blocks.max_us;
	if (ended.max_us > l->max_us)
		l->max_us = ended.max_us;
	limit = l->p99_us * LIMIT_TIMES > l->max_us ? l->p99_us * LIMIT_TIMES : l->max_us;
	late->moment_us = moment_us;
	late->is_known = l->count >= LATE_RELEASED;
	late->limit_us = limit > LIMIT_LEAST_US ? limit : LIMIT_LEAST_US;
}

static uint64_t age_of(const struct late *late, uint64_t born_us)
{
	return late->moment_us > born_us ? late->moment_us - born_us : 0;
}

static bool is_kept(const struct late *late, uint64_t born_us)
{
	return age_of(late, born_us) > 2 * late->lifetime.p99_us;
}

void late_first(struct late *late, uint64_t born_us, uint32_t number, double count, double bytes)
{
	if (!is_kept(late, born_us))
		return;
	if (!late->kept++ || born_us < late->first_us)
		late->first_us = born_us;
	if (born_us > late->last_us)
		late->last_us = born_us;
	if (age_of(late, born_us) <= late->limit_us)
		return;
	if (!late->overdue++ || born_us < late->oldest_us) {
		late->oldest = number;
		late->oldest_us = born_us;
	}
	late->count += count;
	late->bytes += bytes;
}

bool late_is_many(const struct late *late)
{
	return late->overdue >= LATE_COUNT;
}

/* The time in which kept ones can have been made. */
static double span_of(const struct late *late)
{
	return (double)late->moment_us - 2.0 * (double)late->lifetime.p99_us - (double)late->first_us;
}

void late_second(struct late *late, uint64_t born_us, double count, double bytes)
{
	double since = (double)born_us - (double)late->first_us, span = span_of(late);

	if (!is_kept(late, born_us))
		return;
	late->recent += since >= span * 2 / 3;
	if (since < span / 2)
		return;
	late->half_count += count;
	late->half_bytes += bytes;
}

bool late_is_growing(const struct late *late)
{
	double span = span_of(late), idle = span - (double)(late->last_us - late->first_us), gap = span / late->kept;
	double least = late->kept / 10.0 > RECENT_LEAST ? late->kept / 10.0 : RECENT_LEAST;

	return late_is_many(late) && span > 0 && late->recent >= least &&
	       idle <= (gap * STOPPED_GAPS > span / 10 ? gap * STOPPED_GAPS : span / 10);
}

static double a_minute(const struct late *late, double half)
{
	return half / (span_of(late) / 2) * MINUTE_US;
}

bool late_is_overdue(const struct late *late)
{
	double window = (double)(late->moment_us - late->ended_from_us);

	if (!late->is_known || !late_is_growing(late))
		return false;
	return !late->by_ended || late_count_a_minute(late) * window / MINUTE_US >= UNENDED_LEAST;
}

double late_count_a_minute(const struct late *late)
{
	return a_minute(late, late->half_count);
}

double late_bytes_a_minute(const struct late *late)
{
	return a_minute(late, late->half_bytes);
}
