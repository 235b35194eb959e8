/* SPDX-License-Identifier: MIT */
/* Inner pointers by which a program holds its blocks as a habit. */
#include "habits.h"

#include <string.h>

#include "rules.h"

#define HABIT_OF_PROGRAM 16u /* blocks held at one distance, wherever they were made */
#define HABIT_OF_MAKER 2u    /* blocks made at one place in the code */
#define DISTANCES 4096u      /* a longer head is none */
#define TABLE (1u << 16)
#define ROUNDS 8 /* what is reached by a habit shows further ones */

struct habit {
	uint32_t *at_distance;  /* blocks, by distance */
	uint32_t *at_maker;     /* blocks, by a hash of maker and distance */
	uint32_t *key;          /* of at_maker: the hash that owns the place */
	uint32_t *learned;      /* by the same place: the hash that is a habit since an earlier round */
	uint8_t *is_learned;    /* by distance */
	uint32_t *by_start, *inside; /* blocks by site: reached by pointers to their starts; only by others, so far */
	uint64_t sites;
};

/* The place in the code that made a block: two frames, for the innermost one is often a wrapper of malloc. */
static uint64_t maker(const struct reach_file *file, uint32_t site)
{
	const struct trace_site *s = site ? reach_element(file, TRACE_AREA_SITE, site, sizeof *s) : 0;
	const struct trace_node *inner = s ? reach_element(file, TRACE_AREA_NODE, s->node, sizeof *inner) : 0;
	const struct trace_node *outer = inner ? reach_element(file, TRACE_AREA_NODE, inner->parent, sizeof *outer) : 0;

	return (inner ? inner->where : 0) * 0x9e3779b97f4a7c15u ^ (outer ? outer->where : 0);
}

static uint32_t site_of(const struct habit *h, const struct reach_marker *m, const struct reach_file *file, uint32_t i)
{
	const struct trace_block *b = reach_element(file, TRACE_AREA_BLOCK, m->blocks->entry[i].slot, sizeof *b);

	return b && b->site < h->sites ? b->site : 0;
}

static void count_starts(struct habit *h, const struct reach_marker *m, const struct reach_file *file)
{
	for (uint32_t i = 0; i < m->blocks->count; i++)
		if (m->blocks->mark[i] == REACH_REACHABLE && !(m->blocks->flag[i] & REACH_INSIDE))
			h->by_start[site_of(h, m, file, i)]++;
}

/* Whoever holds most of what is made there by the start holds the rest so too: where it does not any more, a cursor was left behind. */
static int is_against_it(const struct habit *h, uint32_t site)
{
	return site && h->by_start[site] > h->inside[site];
}

static uint32_t key_of(const struct reach_marker *m, const struct reach_file *file, uint32_t i)
{
	const struct reach_entry *e = &m->blocks->entry[i];
	const struct trace_block *b = reach_element(file, TRACE_AREA_BLOCK, e->slot, sizeof *b);
	uint64_t key = (maker(file, b ? b->site : 0) ^ e->owner) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(key >> 32) | 1;
}

/* One whose end only is known shows no habit: to the next one it may have been a loop's. It follows those of others. */
static int is_at_end(const struct reach_entry *e)
{
	return e->owner == e->size;
}

static void count(struct habit *h, const struct reach_marker *m, const struct reach_file *file)
{
	memset(h->at_distance, 0, DISTANCES * sizeof *h->at_distance);
	memset(h->at_maker, 0, TABLE * sizeof *h->at_maker);
	memset(h->key, 0, TABLE * sizeof *h->key);
	memset(h->inside, 0, h->sites * sizeof *h->inside);
	for (uint32_t i = 0; i < m->blocks->count; i++)
		if (m->blocks->mark[i] == REACH_POSSIBLE ||
		    (m->blocks->mark[i] == REACH_REACHABLE && m->blocks->flag[i] & REACH_INSIDE))
			h->inside[site_of(h, m, file, i)]++;
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		if (m->blocks->mark[i] != REACH_POSSIBLE || m->blocks->entry[i].owner >= DISTANCES ||
		    is_at_end(&m->blocks->entry[i]) || is_against_it(h, site_of(h, m, file, i)))
			continue;
		uint32_t key = key_of(m, file, i), place = key >> 16;

		h->at_distance[m->blocks->entry[i].owner]++;
		if (!h->key[place])
			h->key[place] = key;
		h->at_maker[place] += h->key[place] == key;
	}
}

static int is_habit(struct habit *h, uint32_t distance, uint32_t key)
{
	uint32_t place = key >> 16;

	if (h->at_distance[distance] >= HABIT_OF_PROGRAM)
		h->is_learned[distance] = 1;
	if (h->key[place] == key && h->at_maker[place] >= HABIT_OF_MAKER)
		h->learned[place] = key;
	return h->is_learned[distance] || h->learned[place] == key;
}

void reach_habits_learn(struct reach_marker *m, const struct reach_file *file, struct reach_arena *arena)
{
	uint64_t sites = (uint64_t)file->chunks[TRACE_AREA_SITE] * file->per_chunk[TRACE_AREA_SITE];
	struct habit h = {
		.at_distance = reach_arena_take(arena, DISTANCES * sizeof *h.at_distance),
		.at_maker = reach_arena_take(arena, TABLE * sizeof *h.at_maker),
		.key = reach_arena_take(arena, TABLE * sizeof *h.key),
		.learned = reach_arena_take(arena, TABLE * sizeof *h.learned),
		.is_learned = reach_arena_take(arena, DISTANCES),
		.by_start = reach_arena_take(arena, sites * sizeof *h.by_start),
		.inside = reach_arena_take(arena, sites * sizeof *h.inside),
		.sites = sites,
	};
	uint32_t changed = 1;

	if (!m->heuristics || !h.at_distance || !h.at_maker || !h.key || !h.learned || !h.is_learned ||
	    !h.by_start || !h.inside)
		return;
	if (m->blocks->count && memchr(m->blocks->mark, REACH_POSSIBLE, m->blocks->count))
		count_starts(&h, m, file);
	for (int round = 0; changed && round < ROUNDS; round++) {
		changed = 0;
		count(&h, m, file);
		for (uint32_t i = 0; i < m->blocks->count; i++) {
			uint32_t distance = m->blocks->entry[i].owner;

			if (m->blocks->mark[i] != REACH_POSSIBLE || distance >= DISTANCES ||
			    is_against_it(&h, site_of(&h, m, file, i)) || !is_habit(&h, distance, key_of(m, file, i)))
				continue;
			reach_mark_promote(m, i);
			changed++;
		}
		reach_mark_follow(m);
	}
}
