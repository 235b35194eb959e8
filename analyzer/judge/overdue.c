/* SPDX-License-Identifier: MIT */
/* What lives too long: see overdue.h. */
#include "overdue.h"

#include <stdlib.h>
#include <string.h>

#include "keepers.h"
#include "lifetime.h"
#include "own.h"
#include "weight.h"

#define LIMIT_LEAST_US 1000000u
#define LIMIT_TIMES 10u
#define STOPPED_GAPS 4.0 /* so many times the usual one without a birth: no more come */
#define RECENT_LEAST 3.0
#define MINUTE_US 6e7
#define YEAR_US 3.15576e13
#define FORECAST_LEAST (1024.0 * 1024 * 1024)

/* Of a group that can grow. Kept: those that have outlived their time, overdue or not yet. */
struct late {
	struct group *group;
	struct late *next;
	struct ages ages;
	uint32_t last_release; /* that was added to them, plus 1 */
	struct lifetime lifetime;
	uint64_t moment_us, limit_us;
	bool is_known; /* enough others were let go */
	double count, bytes;          /* overdue */
	uint32_t overdue, kept;       /* blocks of the model */
	uint32_t oldest;              /* its index */
	uint64_t oldest_us, first_us, last_us;
	double recent;                /* kept ones of the last third */
	double half_count, half_bytes; /* and of the last half */
};

static bool is_asked(const struct group *g)
{
	return g->leak.class == CLASS_REACHABLE || g->leak.class == CLASS_UNCLASSIFIED || work_is_lost(&g->leak);
}

static struct late *late_of(struct work *w, struct group *g, struct late **all)
{
	if (!g->late) {
		g->late = pool_take(&w->m->pool, sizeof(*g->late));
		*g->late = (struct late){ .group = g, .next = *all };
		*all = g->late;
	}
	return g->late;
}

static struct late *gather(struct work *w)
{
	struct late *all = NULL;

	for (uint32_t i = 1; i < w->tally_count; i++) {
		struct group *g = work_final(w->tallies[i].group);

		if (g && is_asked(g))
			late_of(w, g, &all);
	}
	for (uint32_t i = 0; i < w->m->release_count; i++)
		for (uint32_t k = w->first[w->m->releases[i].site]; k; k = w->tallies[k].next) {
			struct group *g = work_final(w->tallies[k].group);

			if (!g || !is_asked(g))
				continue;
			struct late *late = late_of(w, g, &all);
			if (late->last_release == i + 1)
				continue;
			late->last_release = i + 1;
			lifetime_add(&late->ages, &w->m->releases[i]);
		}
	return all;
}

static void set_limits(const struct model *m, struct late *all)
{
	for (struct late *late = all; late; late = late->next) {
		struct lifetime l = late->lifetime = lifetime_of(&late->ages);
		uint64_t limit = l.p99_us * LIMIT_TIMES > l.max_us ? l.p99_us * LIMIT_TIMES : l.max_us;

		late->moment_us = late->group->leak.class != CLASS_UNCLASSIFIED && m->scan.is_done ? m->scan.time_us : m->now_us;
		late->is_known = l.count >= OVERDUE_RELEASED;
		late->limit_us = limit > LIMIT_LEAST_US ? limit : LIMIT_LEAST_US;
	}
}

static struct late *late_of_block(const struct work *w, uint32_t i)
{
	struct group *g = w->claimant && w->claimant[i] ? NULL : work_group_of(w, i);

	return g ? g->late : NULL;
}

static uint64_t age_of(const struct late *late, const struct block *b)
{
	return late->moment_us > b->time_us ? late->moment_us - b->time_us : 0;
}

static bool is_kept(const struct late *late, const struct block *b)
{
	return age_of(late, b) > 2 * late->lifetime.p99_us;
}

static void count_blocks(struct work *w)
{
	for (uint32_t i = 0; i < w->m->block_count; i++) {
		const struct block *b = &w->m->blocks[i];
		struct late *late = late_of_block(w, i);

		if (!late || !is_kept(late, b))
			continue;
		if (!late->kept++ || b->time_us < late->first_us)
			late->first_us = b->time_us;
		if (b->time_us > late->last_us)
			late->last_us = b->time_us;
		if (age_of(late, b) <= late->limit_us)
			continue;
		if (!late->overdue++ || b->time_us < late->oldest_us) {
			late->oldest = i;
			late->oldest_us = b->time_us;
		}
		late->count += weight_count(w->m, b);
		late->bytes += weight_bytes(w->m, b);
	}
}

/* The time in which kept ones can have been made. */
static double span_of(const struct late *late)
{
	return (double)late->moment_us - 2.0 * (double)late->lifetime.p99_us - (double)late->first_us;
}

static void count_recent(struct work *w)
{
	for (uint32_t i = 0; i < w->m->block_count; i++) {
		const struct block *b = &w->m->blocks[i];
		struct late *late = late_of_block(w, i);

		if (!late || late->overdue < OVERDUE_BLOCKS || !is_kept(late, b))
			continue;
		double since = (double)(b->time_us - late->first_us), span = span_of(late);
		late->recent += since >= span * 2 / 3;
		if (since < span / 2)
			continue;
		late->half_count += weight_count(w->m, b);
		late->half_bytes += weight_bytes(w->m, b);
	}
}

static bool is_growing(const struct late *late)
{
	double span = span_of(late), idle = span - (double)(late->last_us - late->first_us), gap = span / late->kept;
	double least = late->kept / 10.0 > RECENT_LEAST ? late->kept / 10.0 : RECENT_LEAST;

	return span > 0 && late->recent >= least && idle <= (gap * STOPPED_GAPS > span / 10 ? gap * STOPPED_GAPS : span / 10);
}

static void forecast(struct overdue *o)
{
	double us;

	o->forecast_bytes = FORECAST_LEAST;
	while (o->forecast_bytes < 2 * o->bytes)
		o->forecast_bytes *= 4;
	us = o->bytes_a_minute > 0 ? (o->forecast_bytes - o->bytes) / o->bytes_a_minute * MINUTE_US : YEAR_US;
	o->forecast_us = us < YEAR_US ? (uint64_t)us : 0;
}

static void add(struct work *w, struct diagnosis *d, const struct late *late, struct suppressions *suppressions)
{
	struct overdue o = { .group = &late->group->leak, .lifetime = late->lifetime, .count = late->count, .bytes = late->bytes,
			     .limit_us = late->limit_us, .oldest_us = late->oldest_us,
			     .example = w->m->blocks[late->oldest].address,
			     .count_a_minute = late->half_count / (span_of(late) / 2) * MINUTE_US,
			     .bytes_a_minute = late->half_bytes / (span_of(late) / 2) * MINUTE_US };

	stacks_path(&w->path, w->m, w->s, o.group->node);
	o.stack = stacks_resolve(&w->path, w->m, w->s);
	if (suppressions && suppress_matches(suppressions, o.group, &o.stack))
		return;
	forecast(&o);
	o.held_count = keepers_find(w, late->oldest, &o.held_by);
	d->overdue[d->overdue_count++] = o;
}

static const char *made_in(struct work *w, const struct leak *leak)
{
	struct stack stack;
	struct own own;

	stacks_path(&w->path, w->m, w->s, leak->node);
	stack = stacks_resolve(&w->path, w->m, w->s);
	own = own_frame(&stack);
	return own.frame && own.frame->function ? own.frame->function : NULL;
}

static void add_growth(struct diagnosis *d, const struct late *late)
{
	double rate = late->half_bytes / (span_of(late) / 2) * MINUTE_US;

	d->growth.bytes_a_minute += rate;
	if (d->growth.most && d->growth.most_a_minute >= rate)
		return;
	d->growth.most = &late->group->leak;
	d->growth.most_a_minute = rate;
}

static int by_growth(const void *left, const void *right)
{
	const struct overdue *a = left, *b = right;

	if (a->bytes_a_minute != b->bytes_a_minute)
		return a->bytes_a_minute > b->bytes_a_minute ? -1 : 1;
	return strcmp(a->group->fingerprint, b->group->fingerprint);
}

void overdue_find(struct work *w, struct diagnosis *d, struct suppressions *suppressions)
{
	struct model *m = w->m;
	struct late *all;
	uint32_t count = 0;

	if ((m->ending != ENDING_RUNNING && m->ending != ENDING_SNAPSHOT) || m->process_count)
		return;
	all = gather(w);
	set_limits(m, all);
	count_blocks(w);
	count_recent(w);
	for (const struct late *late = all; late; late = late->next)
		count++;
	d->overdue = pool_array(&m->pool, count + 1u, sizeof(*d->overdue));
	for (const struct late *late = all; late; late = late->next) {
		if (late->overdue < OVERDUE_BLOCKS || !is_growing(late))
			continue;
		if (late->is_known && !work_is_lost(&late->group->leak))
			add(w, d, late, suppressions);
		if (late->is_known || !late->lifetime.count)
			add_growth(d, late);
	}
	if (d->growth.most)
		d->growth.most_made_in = made_in(w, d->growth.most);
	if (d->overdue_count)
		qsort(d->overdue, d->overdue_count, sizeof(*d->overdue), by_growth);
}
