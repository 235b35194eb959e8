/* SPDX-License-Identifier: MIT */
/*
 * Resources -> groups. Those of one type that were made at one stack, and to which the same
 * was done last, are one group: what was forgotten is the same.
 */
#include <stdlib.h>
#include <string.h>

#include "image.h"
#include "java.h"
#include "resources.h"
#include "weight.h"

void resources_claim(struct work *w)
{
	struct model *m = w->m;

	if (!m->resource_count)
		return;
	w->claimant = pool_array(&m->pool, m->block_count, sizeof(*w->claimant));
	for (uint32_t i = 0; i < m->resource_count; i++) {
		struct resource *r = &m->resources[i];

		r->block = work_block_around(w, r->address);
		if (r->block && (!w->claimant[r->block - 1] || m->blocks[r->block - 1].address == r->address))
			w->claimant[r->block - 1] = i + 1;
	}
}

/* Fewer pointers lead to it than references are counted: one was forgotten. Both are of the same moment, all
 * changes of the count were seen, and pointers that are no references only hide a case. Another thread may have one
 * in a register for a while: then it takes two scans. */
static bool is_held(const struct model *m, const struct resource *r)
{
	unsigned scans = m->scan.is_at_end && m->scan.threads <= 1 ? 1 : 2;

	return !m->types[r->type].refused && r->cut_scan && r->cut_scan == m->scan.number && r->cut_short >= scans && r->cut_pointers &&
	       r->cut_count > 1 && r->cut_count == r->count && (uint32_t)r->cut_count > r->cut_pointers;
}

/* The class of its block. Where several share one that is reachable, or it lies in none, a pointer to its start
 * tells; without a look for such pointers nothing is known. */
static enum leak_class seen_class(const struct model *m, const struct resource *r)
{
	const struct block *b = r->block ? &m->blocks[r->block - 1] : NULL;

	if (b && b->class == CLASS_IGNORED)
		return CLASS_IGNORED;
	if (r->is_kept && r->cut_scan == m->scan.number)
		return CLASS_RUNTIME;
	if (r->is_loose && (!b || b->class == CLASS_REACHABLE)) {
		if (!r->cut_scan || r->cut_scan != m->scan.number)
			return CLASS_UNCLASSIFIED;
		return !r->cut_pointers ? CLASS_DEFINITE : is_held(m, r) ? CLASS_HELD : CLASS_REACHABLE;
	}
	if (!b)
		return CLASS_UNCLASSIFIED;
	return b->class == CLASS_REACHABLE && is_held(m, r) ? CLASS_HELD : (enum leak_class)b->class;
}

/* What ends with a block of its own is seen to end in any case. */
static const struct probe *unsure_of(const struct model *m, const struct resource *r)
{
	const struct type *type = &m->types[r->type];

	return type->refused || !r->is_loose ? type->refused : type->led;
}

static enum leak_class class_of(const struct model *m, const struct resource *r)
{
	enum leak_class class = seen_class(m, r);

	return class == CLASS_DEFINITE && unsure_of(m, r) ? CLASS_POSSIBLE : class;
}

#define INLINED_MOST 64u

/* What is asked for of a module. */
struct inlined {
	struct probe *probes[INLINED_MOST];
	const char *names[INLINED_MOST];
	unsigned places[INLINED_MOST];
	unsigned count;
};

static uint32_t program_of(const struct model *m)
{
	uint32_t i = m->module_count;

	while (--i > 0 && m->modules[i].kind != MODULE_PROGRAM)
		;
	return i;
}

static bool changes(const struct probe *p)
{
	return p->verb != VERB_NONE && p->verb != VERB_CREATE && p->verb != VERB_TOUCH;
}

/* Of libraries, whose own calls are seen by the shim, nobody has debug information; and they are not built in one piece. */
static bool may_be_inlined(const struct model *m, const struct probe *p, const struct module *program)
{
	bool is_there = p->hook == HOOK_FOLLOWED && p->address >= program->start && p->address < program->end;

	return p->type && p->type < m->type_count && ((is_there && changes(p)) || p->hook == HOOK_MISSING);
}

void resources_find_inlined(struct work *w)
{
	struct model *m = w->m;
	uint32_t program = program_of(m);
	struct inlined in = { .count = 0 };

	for (uint32_t i = 1; i < m->probe_count && program && in.count < INLINED_MOST; i++)
		if (may_be_inlined(m, &m->probes[i], &m->modules[program])) {
			in.probes[in.count] = &m->probes[i];
			in.names[in.count++] = m->probes[i].linker_name;
		}
	if (in.count)
		image_inlined(symbols_image(w->s, program), in.names, in.places, in.count);
	for (unsigned i = 0; i < in.count; i++) {
		struct type *type = &m->types[in.probes[i]->type];

		in.probes[i]->inlined = in.places[i];
		if (in.places[i] && changes(in.probes[i]) && !type->led)
			type->led = in.probes[i];
	}
}

uint64_t resources_size(const struct model *m, const struct resource *r)
{
	if (r->size)
		return r->size;
	/* alone in a block, it may have a head or private data before it */
	if (r->block && (m->blocks[r->block - 1].address == r->address || !r->is_loose))
		return m->blocks[r->block - 1].size;
	return 0;
}

static const struct step *last_step(const struct model *m, const struct resource *r)
{
	return r->step_count ? &m->steps[r->steps + r->step_count - 1] : NULL;
}

static void hash_last(struct work *w, const struct resource *r, uint64_t *names, uint64_t *steps)
{
	const struct step *last = last_step(w->m, r);

	if (!last)
		return;
	stacks_path(&w->path, w->m, w->s, last->node);
	*names = symbols_hash(*names ^ stacks_names(&w->path, w->s), last->op, strlen(last->op));
	if (last->hint) {
		*names = symbols_hash(*names, last->hint, strlen(last->hint));
		*steps = symbols_hash(*steps, last->hint, strlen(last->hint));
	}
	*steps = symbols_hash(*steps ^ stacks_steps(&w->path, w->m), last->op, strlen(last->op));
}

uint64_t resources_lines(struct work *w, const struct leak *leak)
{
	const struct resource *r = &w->m->resources[leak->resource - 1];
	const struct step *last = last_step(w->m, r);
	uint64_t lines;

	stacks_path(&w->path, w->m, w->s, r->node);
	lines = symbols_hash(stacks_lines(&w->path, w->m, w->s), leak->type, strlen(leak->type));
	if (!last)
		return lines;
	stacks_path(&w->path, w->m, w->s, last->node);
	lines = symbols_hash(lines ^ stacks_lines(&w->path, w->m, w->s), last->op, strlen(last->op));
	return last->hint ? symbols_hash(lines, last->hint, strlen(last->hint)) : lines;
}

/* One look of a Java virtual machine at its heap is exact. */
static bool is_certain(const struct resource *r)
{
	return r->java && (r->java->is_collected || r->java->verdict == JAVA_UNREACHABLE);
}

static void add(struct work *w, uint32_t index)
{
	struct resource *r = &w->m->resources[index];
	const struct type *type = &w->m->types[r->type];
	struct leak first = { .type = *type->name ? type->name : "resource",
			      .release = *type->release
						 ? pool_print(&w->m->pool, "%s()", type->release)
						 : "release()",
			      .class = r->java ? java_class(w, r) : class_of(w->m, r),
			      .unsure = unsure_of(w->m, r),
			      .oldest_us = r->time_us,
			      .newest_us = r->time_us,
			      .resource = index + 1,
			      .example = r->address,
			      .node = r->node };
	double weight = type->interval > 1 ? type->interval : 1;
	const struct block *b = r->block ? &w->m->blocks[r->block - 1] : NULL;
	unsigned kind = first.class == CLASS_INDIRECT && b ? work_kind(w->m, b) : first.class;
	uint64_t names, steps;
	struct group *g;

	stacks_path(&w->path, w->m, w->s, r->node);
	if (!r->java && w->m->java.status && w->path.is_runtime) /* a virtual machine's own threads */
		kind = first.class = CLASS_RUNTIME;
	first.scope = w->path.scope;
	if (work_is_languages(&w->path, first.class))
		first.class = kind = CLASS_RUNTIME;
	names = symbols_hash(stacks_names(&w->path, w->s), first.type, strlen(first.type));
	steps = symbols_hash(stacks_steps(&w->path, w->m), first.type, strlen(first.type));
	hash_last(w, r, &names, &steps);
	first.names = names;
	first.steps = steps;
	g = work_group(w, steps ^ (uint64_t)work_joint(kind), &first);
	work_count(&g->leak, kind, weight, weight * (double)resources_size(w->m, r));
	g->leak.is_estimate |= weight > 1;
	if ((r->block && weight_confirmed(w->m, &w->m->blocks[r->block - 1]) > 0) || is_certain(r))
		g->leak.confirmed += weight;
	if (r->time_us < g->leak.oldest_us)
		g->leak.oldest_us = r->time_us;
	if (r->time_us > g->leak.newest_us)
		g->leak.newest_us = r->time_us;
	w->of_resource[index] = g;
}

void resources_group(struct work *w)
{
	w->of_resource = pool_array(&w->m->pool, w->m->resource_count, sizeof(*w->of_resource));
	for (uint32_t i = 0; i < w->m->resource_count; i++)
		add(w, i);
}

const struct place *resources_maker(const struct work *w, const struct leak *leak)
{
	const struct resource *r = leak->resource ? &w->m->resources[leak->resource - 1] : NULL;
	const struct probe *probe = r ? &w->m->probes[r->probe] : NULL;

	if (!r || r->is_adopted || !probe->address || !*probe->symbol)
		return NULL;
	return symbols_function(w->s, probe->address, probe->symbol);
}

void resources_records(struct work *w, struct leak *leak)
{
	struct model *m = w->m;
	const struct resource *r = &m->resources[leak->resource - 1];
	struct record *records = pool_array(&m->pool, r->step_count, sizeof(*records));

	for (unsigned i = 0; i < r->step_count; i++) {
		const struct step *step = &m->steps[r->steps + r->step_count - 1 - i];

		stacks_path(&w->path, m, w->s, step->node);
		records[i] = (struct record){
			.op = step->op,
			.hint = step->hint,
			.function = m->probes[step->probe].symbol,
			.count = step->count,
			.merged = step->times ? step->times - 1 : 0,
			.thread = &m->threads[step->thread],
			.age_us = step->time_us > r->time_us ? step->time_us - r->time_us : 0,
			.stack = stacks_resolve(&w->path, m, w->s),
		};
	}
	leak->records = records;
	leak->record_count = r->step_count;
	leak->records_left_out = r->thinned;
}

void resources_detail(struct work *w, struct diagnosis *d)
{
	for (uint32_t i = 0; i < d->detailed; i++)
		if (d->leaks[i].resource)
			resources_records(w, &d->leaks[i]);
}
