/* SPDX-License-Identifier: MIT */
/* What lives too long: see overdue.h. */
#include "overdue.h"

#include <stdlib.h>
#include <string.h>

#include "keepers.h"
#include "own.h"
#include "python.h"
#include "resources.h"
#include "weight.h"

#define YEAR_US 3.15576e13
#define MINUTE_US 6e7
#define FORECAST_LEAST (1024.0 * 1024 * 1024)

/* A group that may be overdue, or may grow. */
struct aging {
	struct late late;
	struct group *group;
	struct aging *next;
	uint32_t last_release; /* that was added, plus 1 */
};

/* Of the resources that one stack made. */
struct maker {
	struct aging *aging;
	struct maker *next;
	uint32_t type;
};

static bool is_asked(const struct group *g)
{
	enum leak_class class = g->leak.class;

	return class == CLASS_REACHABLE || class == CLASS_UNCLASSIFIED || class == CLASS_HELD || work_is_lost(&g->leak);
}

static struct aging *aging_of(struct work *w, struct group *g, struct aging **all)
{
	if (!g || !is_asked(g))
		return NULL;
	if (!g->aging) {
		g->aging = pool_take(&w->m->pool, sizeof(*g->aging));
		*g->aging = (struct aging){ .group = g, .next = *all };
		*all = g->aging;
	}
	return g->aging;
}

static void add_release(struct aging *aging, const struct model *m, uint32_t i)
{
	if (!aging || aging->last_release == i + 1)
		return;
	aging->last_release = i + 1;
	late_release(&aging->late, &m->releases[i]);
}

/* Of what is alive, who may be overdue; of the blocks of these sites, who was let go. */
static struct aging *gather_blocks(struct work *w)
{
	struct aging *all = NULL;

	for (uint32_t i = 1; i < w->tally_count; i++)
		aging_of(w, work_final(w->tallies[i].group), &all);
	for (uint32_t i = 0; i < w->m->release_count; i++)
		for (uint32_t k = w->first[w->m->releases[i].site]; k; k = w->tallies[k].next)
			add_release(aging_of(w, work_final(w->tallies[k].group), &all), w->m, i);
	return all;
}

static void add_maker(struct work *w, struct maker **makers, const struct resource *r, struct aging *aging)
{
	struct maker *maker = makers[r->node];

	while (maker && (maker->aging != aging || maker->type != r->type))
		maker = maker->next;
	if (maker)
		return;
	maker = pool_take(&w->m->pool, sizeof(*maker));
	*maker = (struct maker){ .aging = aging, .next = makers[r->node], .type = r->type };
	makers[r->node] = maker;
}

/* A resource that has a block to itself ends with it. */
static struct aging *gather_resources(struct work *w, struct aging *all)
{
	const struct model *m = w->m;
	struct maker **makers = pool_array(&w->m->pool, m->node_count, sizeof(*makers));
	struct aging **of_site = pool_array(&w->m->pool, m->site_count, sizeof(*of_site));

	for (uint32_t i = 0; i < m->resource_count; i++) {
		const struct resource *r = &m->resources[i];
		struct aging *aging = aging_of(w, work_final(w->of_resource[i]), &all);

		if (!aging)
			continue;
		add_maker(w, makers, r, aging);
		if (r->block && !r->is_loose && m->blocks[r->block - 1].address == r->address)
			of_site[m->blocks[r->block - 1].site] = aging;
	}
	for (uint32_t i = 0; i < m->release_count; i++)
		add_release(of_site[m->releases[i].site], m, i);
	for (uint32_t i = 0; i < m->all_ended_count; i++)
		for (struct maker *maker = makers[m->ended[i].node]; maker; maker = maker->next)
			if (maker->type == m->ended[i].type)
				late_end(&maker->aging->late, m->ended[i].time_us, m->ended[i].end_us);
	return all;
}

static void settle(const struct model *m, struct aging *all)
{
	for (struct aging *aging = all; aging; aging = aging->next)
		late_settle(&aging->late, aging->group->leak.class != CLASS_UNCLASSIFIED && m->scan.is_done ? m->scan.time_us : m->now_us);
}

static void count_blocks(struct work *w, bool again)
{
	for (uint32_t i = 0; i < w->m->block_count; i++) {
		const struct block *b = &w->m->blocks[i];
		struct group *g = w->claimant && w->claimant[i] ? NULL : work_group_of(w, i);

		if (!g || !g->aging)
			continue;
		if (!again)
			late_first(&g->aging->late, b->time_us, i, weight_count(w->m, b), weight_bytes(w->m, b));
		else if (late_is_many(&g->aging->late))
			late_second(&g->aging->late, b->time_us, weight_count(w->m, b), weight_bytes(w->m, b));
	}
}

static void count_resources(struct work *w, bool again)
{
	for (uint32_t i = 0; i < w->m->resource_count; i++) {
		const struct resource *r = &w->m->resources[i];
		struct group *g = work_final(w->of_resource[i]);
		double weight = w->m->types[r->type].interval > 1 ? w->m->types[r->type].interval : 1;
		double bytes = weight * (double)resources_size(w->m, r);

		if (!g || !g->aging)
			continue;
		if (!again)
			late_first(&g->aging->late, r->time_us, i, weight, bytes);
		else if (late_is_many(&g->aging->late))
			late_second(&g->aging->late, r->time_us, weight, bytes);
	}
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

static void find_holders(struct work *w, struct overdue *o, const struct aging *aging)
{
	const struct resource *r = aging->group->leak.resource ? &w->m->resources[aging->late.oldest] : NULL;

	o->example = r ? r->address : w->m->blocks[aging->late.oldest].address;
	o->held_count = r ? keepers_find_resource(w, r, &o->held_by) : keepers_find(w, aging->late.oldest, &o->held_by);
}

/* Leaks that are suppressed have a class of their own. */
static bool is_suppressed(struct work *w, const struct leak *leak, struct suppressions *suppressions)
{
	struct stack stack;

	if (!suppressions || work_is_lost(leak) || leak->class == CLASS_HELD)
		return false;
	stacks_path(&w->path, w->m, w->s, leak->node);
	stack = stacks_resolve(&w->path, w->m, w->s);
	return suppress_matches(suppressions, leak, &stack);
}

static void add(struct work *w, struct diagnosis *d, struct aging *aging)
{
	const struct late *late = &aging->late;
	struct leak *leak = &aging->group->leak;
	struct overdue o = { .group = leak, .lifetime = late->lifetime, .count = late->count, .bytes = late->bytes,
			     .limit_us = late->limit_us, .oldest_us = late->oldest_us,
			     .count_a_minute = late_count_a_minute(late), .bytes_a_minute = late_bytes_a_minute(late) };

	stacks_path(&w->path, w->m, w->s, leak->node);
	o.stack = stacks_resolve(&w->path, w->m, w->s);
	o.stack.python = python_at(w, leak->node);
	forecast(&o);
	find_holders(w, &o, aging);
	if (leak->resource) {
		leak->maker = resources_maker(w, leak);
		resources_records(w, leak);
	}
	d->overdue[d->overdue_count++] = o;
}

static void name_growth(struct work *w, struct growth *growth, const struct leak *leak)
{
	struct stack stack;
	struct own own;

	stacks_path(&w->path, w->m, w->s, leak->node);
	stack = stacks_resolve(&w->path, w->m, w->s);
	own = own_frame(&stack);
	memcpy(growth->most, leak->fingerprint, sizeof(growth->most));
	if (!own.frame)
		return;
	growth->function = own.frame->function;
	growth->file = own.frame->file;
	growth->line = own.frame->line;
}

static void add_growth(struct growth *growth, const struct aging *aging, const struct leak **most)
{
	double rate = late_bytes_a_minute(&aging->late);

	growth->bytes_a_minute += rate;
	if (*most && growth->most_a_minute >= rate)
		return;
	*most = &aging->group->leak;
	growth->most_a_minute = rate;
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
	const struct leak *most = NULL;
	struct aging *all;
	uint32_t count = 0;

	if ((m->ending != ENDING_RUNNING && m->ending != ENDING_SNAPSHOT) || m->process_count)
		return;
	all = gather_resources(w, gather_blocks(w));
	settle(m, all);
	for (int again = 0; again < 2; again++) {
		count_blocks(w, again);
		count_resources(w, again);
	}
	for (const struct aging *aging = all; aging; aging = aging->next)
		count++;
	d->overdue = pool_array(&m->pool, count + 1u, sizeof(*d->overdue));
	for (struct aging *aging = all; aging; aging = aging->next) {
		const struct late *late = &aging->late;
		bool is_leak = aging->group->leak.class == CLASS_HELD || work_is_lost(&aging->group->leak);

		if (!late_is_growing(late) || is_suppressed(w, &aging->group->leak, suppressions))
			continue;
		if (late_is_overdue(late) && !is_leak)
			add(w, d, aging);
		if (late_is_overdue(late) || !late->lifetime.count || is_leak)
			add_growth(&d->growth, aging, &most);
	}
	if (most)
		name_growth(w, &d->growth, most);
	if (d->overdue_count)
		qsort(d->overdue, d->overdue_count, sizeof(*d->overdue), by_growth);
}
