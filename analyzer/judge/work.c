/* SPDX-License-Identifier: MIT */
/* The groups that are being made. */
#include "work.h"

#include <string.h>

#include "around.h"

struct group *work_group(struct work *w, uint64_t key, const struct leak *first)
{
	struct group *g;

	HASH_FIND(hh, w->by_key, &key, sizeof(key), g);
	if (g)
		return g;
	g = pool_take(&w->m->pool, sizeof(*g));
	g->key = key;
	g->leak = *first;
	HASH_ADD(hh, w->by_key, key, sizeof(key), g);
	if (w->group_count == w->group_room) {
		w->group_room = w->group_room ? w->group_room * 2 : 1024;
		w->groups = pool_regrow(w->groups, w->group_room, sizeof(*w->groups));
	}
	w->groups[w->group_count++] = g;
	return g;
}

struct group *work_final(struct group *g)
{
	while (g && g->into)
		g = g->into;
	return g;
}

unsigned work_kind(const struct model *m, const struct block *b)
{
	return b->class == CLASS_INDIRECT && b->owner && m->blocks[b->owner - 1].class == CLASS_POSSIBLE
		       ? KIND_UNCERTAIN
		       : b->class;
}

enum leak_class work_joint(unsigned kind)
{
	return kind == CLASS_INDIRECT || kind == CLASS_POSSIBLE || kind == KIND_UNCERTAIN ? CLASS_DEFINITE
											 : (enum leak_class)kind;
}

bool work_is_lost(const struct leak *leak)
{
	return work_joint(leak->class) == CLASS_DEFINITE;
}

bool work_may_run(const struct leak *leak)
{
	return leak->class == CLASS_UNCLASSIFIED && leak->resource && !strcmp(leak->type, "thread") &&
	       !strncmp(leak->release, "pthread_join", 12);
}

static void part_add(struct part *part, double count, double bytes)
{
	part->count += count;
	part->bytes += bytes;
}

/* That of the strongest of a lost group's blocks. */
static void settle_class(struct leak *leak)
{
	if (work_is_lost(leak))
		leak->class = leak->definite.count > 0	 ? CLASS_DEFINITE
			      : leak->possible.count > 0 ? CLASS_POSSIBLE
							 : CLASS_INDIRECT;
}

void work_count(struct leak *leak, unsigned kind, double count, double bytes)
{
	leak->count += count;
	leak->bytes += bytes;
	if (!work_is_lost(leak))
		return;
	part_add(kind == CLASS_DEFINITE	  ? &leak->definite
		 : kind == CLASS_POSSIBLE ? &leak->possible
		 : kind == CLASS_INDIRECT ? &leak->hanging
					  : &leak->uncertain,
		 count, bytes);
	settle_class(leak);
}

void work_join(struct leak *leak, const struct leak *more)
{
	leak->count += more->count;
	leak->bytes += more->bytes;
	part_add(&leak->definite, more->definite.count, more->definite.bytes);
	part_add(&leak->possible, more->possible.count, more->possible.bytes);
	part_add(&leak->hanging, more->hanging.count, more->hanging.bytes);
	part_add(&leak->uncertain, more->uncertain.count, more->uncertain.bytes);
	settle_class(leak);
}

uint32_t work_block_around(struct work *w, uint64_t address)
{
	if (!w->by_address)
		w->by_address = around_order(&w->m->pool, w->m);
	return around_find(w->m, w->by_address, address);
}

uint32_t work_tally(const struct work *w, const struct block *b)
{
	uint32_t i = w->first[b->site];
	unsigned kind = work_kind(w->m, b);

	while (i && (w->tallies[i].family != b->family || w->tallies[i].class != kind))
		i = w->tallies[i].next;
	return i;
}

struct group *work_group_of(const struct work *w, uint32_t block)
{
	if (w->claimant && w->claimant[block])
		return work_final(w->of_resource[w->claimant[block] - 1]);
	return work_final(w->tallies[work_tally(w, &w->m->blocks[block])].group);
}

bool work_is_languages(const struct path *path, enum leak_class class)
{
	return path->language && class != CLASS_REACHABLE && class != CLASS_IGNORED;
}
