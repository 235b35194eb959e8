/* SPDX-License-Identifier: MIT */
/* Model -> groups, classes and findings: see diagnose.h. */
#include <stdlib.h>
#include <string.h>

#include "balance.h"
#include "demangle.h"
#include "diagnose.h"
#include "hang.h"
#include "java.h"
#include "known.h"
#include "largest.h"
#include "overdue.h"
#include "progress.h"
#include "processes.h"
#include "python.h"
#include "resources.h"
#include "suppress.h"
#include "weight.h"
#include "work.h"

static uint32_t tally_make(struct work *w, const struct block *b)
{
	uint32_t i = w->tally_count++;

	if (i >= w->tally_room) {
		w->tally_room = w->tally_room ? w->tally_room * 2 : 1024;
		w->tallies = pool_regrow(w->tallies, w->tally_room, sizeof(*w->tallies));
	}
	w->tallies[i] = (struct tally){ .site = b->site,
					.family = b->family,
					.class = (uint8_t)work_kind(w->m, b),
					.next = w->first[b->site],
					.example = b->address,
					.oldest_us = b->time_us,
					.newest_us = b->time_us };
	w->first[b->site] = i;
	return i;
}

/* A resource stands for this block: it is reported once. */
static bool is_claimed(const struct work *w, uint32_t block)
{
	return w->claimant && w->claimant[block];
}

static void tally_blocks(struct work *w)
{
	w->tally_count = 1; /* 0: none */
	w->tally_room = 0;
	w->first = pool_array(&w->m->pool, w->m->site_count, sizeof(*w->first));
	for (uint32_t i = 0; i < w->m->block_count; i++) {
		const struct block *b = &w->m->blocks[i];
		uint32_t at = work_tally(w, b);
		struct tally *t;

		if (is_claimed(w, i))
			continue;
		if (!at)
			at = tally_make(w, b);
		t = &w->tallies[at];
		t->count += weight_count(w->m, b);
		t->bytes += weight_bytes(w->m, b);
		t->confirmed += weight_confirmed(w->m, b);
		t->doubtful += weight_doubtful(w->m, b);
		t->is_estimate |= weight_is_estimate(w->m, b);
		if (b->time_us < t->oldest_us)
			t->oldest_us = b->time_us;
		if (weight_newest(w->m, b) > t->newest_us)
			t->newest_us = weight_newest(w->m, b);
	}
}

static const char *const family_types[] = { "block", "block", "object", "array" };
static const char *const family_releases[] = { "free()", "free()", "operator delete()",
					       "operator delete[]()" };

static void group_add(struct work *w, struct group *g, struct tally *t)
{
	const struct site *site = &w->m->sites[t->site];
	struct leak *leak = &g->leak;

	work_count(leak, t->class, t->count, t->bytes);
	leak->confirmed += t->confirmed;
	leak->doubtful += t->doubtful;
	leak->is_estimate |= t->is_estimate;
	if (!leak->example || t->class == CLASS_DEFINITE)
		leak->example = t->example;
	if (t->oldest_us < leak->oldest_us)
		leak->oldest_us = t->oldest_us;
	if (t->newest_us > leak->newest_us)
		leak->newest_us = t->newest_us;
	if (g->last_site != t->site) {
		leak->ever_blocks += site->ever_blocks;
		leak->peak += site->peak > 0 ? (uint64_t)site->peak : 0;
	}
	g->last_site = t->site;
	if (t->bytes >= g->largest) {
		g->largest = t->bytes;
		leak->node = site->node;
	}
}

static void group_join(struct group *g, struct group *other)
{
	struct leak *leak = &g->leak, *more = &other->leak;

	other->into = g;
	work_join(leak, more);
	leak->confirmed += more->confirmed;
	leak->doubtful += more->doubtful;
	leak->is_estimate |= more->is_estimate;
	leak->ever_blocks += more->ever_blocks;
	leak->peak += more->peak;
	if (more->oldest_us < leak->oldest_us)
		leak->oldest_us = more->oldest_us;
	if (more->newest_us > leak->newest_us)
		leak->newest_us = more->newest_us;
	if (other->largest > g->largest) {
		g->largest = other->largest;
		leak->node = more->node;
	}
}

static void group_tally(struct work *w, struct tally *t)
{
	struct leak first = { .type = family_types[t->family],
			      .release = family_releases[t->family],
			      .class = work_joint(t->class),
			      .family = (enum family)t->family,
			      .oldest_us = t->oldest_us,
			      .newest_us = t->newest_us };

	stacks_path(&w->path, w->m, w->s, w->m->sites[t->site].node);
	if (w->path.is_runtime ? first.class != CLASS_IGNORED : work_is_languages(&w->path, first.class))
		first.class = CLASS_RUNTIME;
	else if (w->path.is_java_memory && first.class == CLASS_UNCLASSIFIED && !java_is_raw(w->m, w->path.nodes, w->path.depth))
		first.class = CLASS_REACHABLE;
	first.scope = w->path.scope;
	first.names = stacks_names(&w->path, w->s);
	first.steps = stacks_steps(&w->path, w->m);
	t->group = work_group(w, first.steps ^ (uint64_t)(first.class * FAMILIES + first.family),
			      &first);
	stacks_places(&w->path, w->m, t->group->places, GROUP_PLACES);
	group_add(w, t->group, t);
}

static struct work *order_work; /* qsort has no argument for it */

static int order_names(const void *left, const void *right)
{
	const struct group *x = *(struct group *const *)left, *y = *(struct group *const *)right;
	const struct leak *a = &x->leak, *b = &y->leak;
	struct work *w = order_work;

	if (a->names != b->names)
		return a->names < b->names ? -1 : 1;
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	if (a->steps == b->steps)
		return 0;
	for (unsigned i = 0; i < GROUP_PLACES; i++)
		if (x->places[i] != y->places[i])
			return x->places[i] < y->places[i] ? -1 : 1;
	stacks_path(&w->path, w->m, w->s, a->node);
	stacks_path(&w->other, w->m, w->s, b->node);
	return stacks_order(&w->path, &w->other, w->m);
}

static void fingerprint_print(char *to, uint64_t names, uint64_t salt)
{
	uint64_t hash = salt ? symbols_hash(names, &salt, sizeof(salt)) : names;
	uint32_t folded = (uint32_t)(hash ^ hash >> 32);

	for (int i = 7; i >= 0; i--, folded >>= 4)
		to[i] = "0123456789abcdef"[folded & 15];
	to[8] = 0;
}

static bool has_same_names(const struct group *a, const struct group *b)
{
	return a->leak.names == b->leak.names && a->leak.family == b->leak.family;
}

/* Brings groups with all names in common together, in the order of their places in the code. */
static void sort_by_names(struct work *w)
{
	order_work = w;
	if (w->group_count)
		qsort(w->groups, w->group_count, sizeof(*w->groups), order_names);
}

static uint64_t lines_of(struct work *w, const struct leak *leak)
{
	if (leak->resource)
		return resources_lines(w, leak);
	stacks_path(&w->path, w->m, w->s, leak->node);
	return stacks_lines(&w->path, w->m, w->s);
}

/* Joins groups whose stacks differ, but read the same in the source. */
static void join_same_lines(struct work *w)
{
	uint32_t kept = 0;

	HASH_CLEAR(hh, w->by_key);
	for (uint32_t i = 0; i < w->group_count; i++) {
		struct group *g = w->groups[i], *same;

		if ((i + 1 < w->group_count && has_same_names(g, w->groups[i + 1])) ||
		    (kept && has_same_names(g, w->groups[kept - 1])))
			g->leak.steps = lines_of(w, &g->leak);
		g->key = g->leak.steps ^ g->leak.names ^
			 (uint64_t)(work_joint(g->leak.class) * FAMILIES + g->leak.family);
		HASH_FIND(hh, w->by_key, &g->key, sizeof(g->key), same);
		if (same) {
			group_join(same, g);
			continue;
		}
		HASH_ADD(hh, w->by_key, key, sizeof(g->key), g);
		w->groups[kept++] = g;
	}
	w->group_count = kept;
}

/* A group's number among those with all names in common; one stack with blocks of two
 * classes has one number. */
static uint32_t rank_of(const struct work *w, uint32_t i)
{
	const struct leak *before = i ? &w->groups[i - 1]->leak : NULL;

	if (!before || !has_same_names(w->groups[i - 1], w->groups[i]))
		return 0;
	return before->rank + (before->steps != w->groups[i]->leak.steps);
}

static void make_fingerprints(struct work *w)
{
	for (uint32_t i = 0; i < w->group_count; i++) {
		struct leak *leak = &w->groups[i]->leak;

		leak->number = i;
		leak->rank = rank_of(w, i);
		fingerprint_print(leak->fingerprint, leak->names,
				  (uint64_t)leak->rank * FAMILIES + leak->family);
	}
}

static void total_add(struct class_total *total, const struct leak *leak)
{
	total->groups++;
	total->blocks += leak->count;
	total->bytes += leak->bytes;
}

static void total_part(struct class_total *total, const struct part *part)
{
	total->blocks += part->count;
	total->bytes += part->bytes;
}

/* Blocks are counted by what was found of each. */
static void count_classes(struct diagnosis *d, const struct leak *leak)
{
	if (!work_is_lost(leak)) {
		total_add(&d->totals[leak->class], leak);
		return;
	}
	d->totals[leak->class].groups++;
	total_part(&d->totals[CLASS_DEFINITE], &leak->definite);
	total_part(&d->totals[CLASS_POSSIBLE], &leak->possible);
	total_part(&d->totals[CLASS_INDIRECT], &leak->hanging);
	total_part(&d->totals[CLASS_INDIRECT], &leak->uncertain);
}

/* What only hangs on others is told with them, unless nothing is told of those. A thread that may still run is told of where
 * everything is that is needed. */
static bool is_shown(const struct leak *leak, unsigned show)
{
	if (work_may_run(leak))
		return show & 1u << CLASS_REACHABLE;
	return show & 1u << leak->class || (leak->class == CLASS_INDIRECT && leak->orphaned.count > 0 &&
					    show & 1u << CLASS_DEFINITE);
}

/* What is lost for certain comes first, what still may be needed last. */
static int order_class(const struct leak *leak)
{
	if (leak->class == CLASS_DEFINITE || leak->class == CLASS_HELD)
		return 0;
	return leak->class == CLASS_INDIRECT || leak->class == CLASS_POSSIBLE ? 1 : 2;
}

static int order_weight(const void *left, const void *right)
{
	const struct leak *a = &(*(struct group *const *)left)->leak;
	const struct leak *b = &(*(struct group *const *)right)->leak;

	if (order_class(a) != order_class(b))
		return order_class(a) - order_class(b);
	double x = a->bytes + a->dragged_bytes, y = b->bytes + b->dragged_bytes;

	if (x != y)
		return x > y ? -1 : 1;
	if (a->count != b->count)
		return a->count > b->count ? -1 : 1;
	return strcmp(a->fingerprint, b->fingerprint);
}

/* Counts all classes and brings the shown groups, in the order in which they matter, to the front of a list. */
static uint32_t select_shown(struct work *w, struct diagnosis *d, unsigned show)
{
	struct group **shown = pool_array(&w->m->pool, w->group_count, sizeof(*shown));
	uint32_t count = 0;

	for (uint32_t i = 0; i < w->group_count; i++) {
		const struct leak *leak = &w->groups[i]->leak;

		count_classes(d, leak);
		if (leak->class == CLASS_INDIRECT && !is_shown(leak, show))
			total_add(&d->hanging, leak);
		if (work_may_run(leak))
			total_add(&d->running, leak);
		if (!is_shown(leak, show))
			continue;
		total_add(&d->shown, leak);
		shown[count++] = w->groups[i];
	}
	if (count)
		qsort(shown, count, sizeof(*shown), order_weight);
	d->leaks = pool_array(&w->m->pool, count, sizeof(*d->leaks));
	for (uint32_t i = 0; i < count; i++) {
		d->leaks[i] = shown[i]->leak;
		if (i < d->detailed || !d->detailed)
			shown[i]->shown = i + 1;
	}
	return count;
}

static void note_thread(struct work *w, struct group *g, uint16_t thread)
{
	if (!g->threads)
		g->threads = pool_take(&w->m->pool, (w->m->thread_count + 7u) / 8u);
	if (g->threads[thread / 8] & 1u << thread % 8)
		return;
	g->threads[thread / 8] |= (uint8_t)(1u << thread % 8);
	g->thread_count++;
}

static void list_threads(struct work *w, struct diagnosis *d, const struct group *g)
{
	struct leak *leak = &d->leaks[g->shown - 1];
	uint16_t *list = pool_array(&w->m->pool, g->thread_count, sizeof(*list));

	for (uint32_t i = 0; i < w->m->thread_count; i++)
		if (g->threads && g->threads[i / 8] & 1u << i % 8)
			list[leak->thread_count++] = (uint16_t)i;
	leak->threads = list;
}

static void add_threads(struct work *w, struct diagnosis *d)
{
	for (uint32_t i = 0; i < w->m->block_count; i++) {
		const struct block *b = &w->m->blocks[i];
		struct group *g = is_claimed(w, i) ? NULL : work_group_of(w, i);

		if (g && g->shown)
			note_thread(w, g, b->thread);
	}
	for (uint32_t i = 0; i < w->m->resource_count; i++) {
		struct group *g = work_final(w->of_resource[i]);

		if (g->shown)
			note_thread(w, g, w->m->resources[i].thread);
	}
	for (uint32_t i = 0; i < w->group_count; i++)
		if (w->groups[i]->shown)
			list_threads(w, d, w->groups[i]);
}

static void add_stacks(struct work *w, struct diagnosis *d)
{
	for (uint32_t i = 0; i < d->detailed; i++) {
		progress("looking up lines", i, d->detailed);
		stacks_path(&w->path, w->m, w->s, d->leaks[i].node);
		d->leaks[i].stack = stacks_resolve(&w->path, w->m, w->s);
		d->leaks[i].maker = resources_maker(w, &d->leaks[i]);
	}
}

/* A release from inside operator delete is that function at work (a program may carry a
 * copy of its own); one from code without names proves nothing. */
static bool is_real_mismatch(struct work *w, uint32_t node)
{
	const struct model *m = w->m;

	for (unsigned steps = 0; node && steps < STACKS_MAX; steps++, node = m->nodes[node].parent) {
		const char *name;

		if (m->nodes[node].scope)
			continue;
		if (m->nodes[node].module && m->modules[m->nodes[node].module].kind == MODULE_SHIM)
			continue;
		name = symbols_name(w->s, node)->text;
		if (name)
			return strncmp(name, "operator delete", 15) != 0;
	}
	return false;
}

static void find_mismatches(struct work *w, struct diagnosis *d)
{
	struct model *m = w->m;

	d->findings = pool_array(&m->pool, (size_t)m->mismatch_count + m->misuse_count,
				 sizeof(*d->findings));
	for (uint32_t i = 0; i < m->mismatch_count; i++) {
		const struct mismatch *mismatch = &m->mismatches[i];
		struct finding *finding;
		uint64_t names;

		if (!is_real_mismatch(w, mismatch->node))
			continue;
		finding = &d->findings[d->finding_count++];
		finding->mismatch = mismatch;
		stacks_path(&w->path, m, w->s, mismatch->node);
		names = stacks_names(&w->path, w->s);
		finding->done = stacks_resolve(&w->path, m, w->s);
		stacks_path(&w->path, m, w->s, m->sites[mismatch->site].node);
		names ^= stacks_names(&w->path, w->s) * 31;
		finding->created = stacks_resolve(&w->path, m, w->s);
		fingerprint_print(finding->fingerprint, names, 0);
	}
}

static void find_misuses(struct work *w, struct diagnosis *d)
{
	for (uint32_t i = 0; i < w->m->misuse_count; i++) {
		const struct misuse *misuse = &w->m->misuses[i];
		struct finding *finding = &d->findings[d->finding_count++];
		uint64_t names = symbols_hash(misuse->kind, w->m->types[misuse->type].name,
					      strlen(w->m->types[misuse->type].name));

		finding->misuse = misuse;
		stacks_path(&w->path, w->m, w->s, misuse->node);
		names ^= stacks_names(&w->path, w->s);
		finding->done = stacks_resolve(&w->path, w->m, w->s);
		stacks_path(&w->path, w->m, w->s, misuse->made_node);
		names ^= stacks_names(&w->path, w->s) * 31;
		finding->created = stacks_resolve(&w->path, w->m, w->s);
		stacks_path(&w->path, w->m, w->s, misuse->end_node);
		finding->ended = stacks_resolve(&w->path, w->m, w->s);
		fingerprint_print(finding->fingerprint, names, 0);
	}
}

static void suppress(struct work *w, struct suppressions *suppressions)
{
	for (uint32_t i = 0; i < w->group_count; i++) {
		struct leak *leak = &w->groups[i]->leak;
		struct stack stack;

		if (!(CLASS_LEAKS & 1u << leak->class))
			continue;
		stacks_path(&w->path, w->m, w->s, leak->node);
		stack = stacks_resolve(&w->path, w->m, w->s);
		if (suppress_matches(suppressions, leak, &stack))
			leak->class = CLASS_IGNORED;
	}
}

void diagnose(struct diagnosis *d, struct model *m, struct symbols *s,
	      const struct diagnose_options *how)
{
	struct work *w = pool_take(&m->pool, sizeof(*w));

	memset(d, 0, sizeof(*d));
	w->m = m;
	w->s = s;
	w->is_quiet = m->java.status && java_is_quiet(m);
	demangle_probes(m);
	resources_find_inlined(w);
	resources_claim(w);
	tally_blocks(w);
	for (uint32_t i = 1; i < w->tally_count; i++) {
		progress("reading symbols", i, w->tally_count);
		group_tally(w, &w->tallies[i]);
	}
	resources_group(w);
	sort_by_names(w);
	join_same_lines(w);
	make_fingerprints(w);
	if (how->suppressions)
		suppress(w, how->suppressions);
	hang_add(w);
	for (unsigned class = 0; class < CLASSES; class++)
		d->is_shown[class] = how->show & 1u << class;
	d->detailed = how->max;
	d->leak_count = select_shown(w, d, how->show);
	if (!how->max || d->detailed > d->leak_count)
		d->detailed = d->leak_count;
	add_threads(w, d);
	processes_count(w, d);
	add_stacks(w, d);
	python_add(w, d);
	largest_find(w, d);
	overdue_find(w, d, how->suppressions);
	hang_detail(w, d);
	resources_detail(w, d);
	balance_add(w, d);
	find_mismatches(w, d);
	find_misuses(w, d);
	java_explain(w, d);
	d->pools = java_pools_of(w);
	d->note_count = symbols_notes(s, &d->notes);
	known_find(w, d);
	HASH_CLEAR(hh, w->by_key);
	free(w->tallies);
	free(w->groups);
}
