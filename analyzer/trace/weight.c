/* SPDX-License-Identifier: MIT */
/* What a block of a model stands for: see weight.h. */
#include "weight.h"

#include <math.h>

static const struct crowd *crowd_of(const struct model *m, const struct block *b)
{
	return m->crowds ? &m->crowds[b - m->blocks] : NULL;
}

double weight_count(const struct model *m, const struct block *b)
{
	const struct crowd *crowd = crowd_of(m, b);
	uint64_t mean = m->sample_bytes[b->rate];

	if (crowd)
		return crowd->count;
	if (!b->rate || !mean)
		return 1;
	return 1 / -expm1(-(double)(b->size ? b->size : 1) / (double)mean);
}

double weight_bytes(const struct model *m, const struct block *b)
{
	const struct crowd *crowd = crowd_of(m, b);

	return crowd ? crowd->bytes : weight_count(m, b) * (double)b->size;
}

double weight_confirmed(const struct model *m, const struct block *b)
{
	const struct crowd *crowd = crowd_of(m, b);

	return crowd ? crowd->confirmed : b->scans > 1 ? weight_count(m, b) : 0;
}

double weight_doubtful(const struct model *m, const struct block *b)
{
	const struct crowd *crowd = crowd_of(m, b);

	return crowd ? crowd->doubtful : b->is_doubtful ? weight_count(m, b) : 0;
}

bool weight_is_estimate(const struct model *m, const struct block *b)
{
	const struct crowd *crowd = crowd_of(m, b);

	return crowd ? crowd->is_estimate : b->rate != 0;
}

uint64_t weight_newest(const struct model *m, const struct block *b)
{
	const struct crowd *crowd = crowd_of(m, b);

	return crowd ? crowd->newest_us : b->time_us;
}
