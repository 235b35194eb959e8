/* SPDX-License-Identifier: MIT */
/* Inner pointers that stand for their block. */
#include "idioms.h"

#include <string.h>

#include "rules.h"

#define HABIT_OF_PROGRAM 16u /* blocks held at one distance, wherever they were made */
#define HABIT_OF_MAKER 2u    /* blocks made at one place in the code */
#define DISTANCES 4096u      /* a longer head is none */
#define TABLE (1u << 16)
#define ROUNDS 8 /* what is reached by a habit shows further ones */

/* Leads into memory of a file that is not written to. */
static const struct reach_map *constant(const struct reach_marker *m, uint64_t word)
{
	const struct reach_map *map = reach_maps_find(m->maps, word);

	return map && map->flags & REACH_MAP_FILE && map->flags & REACH_MAP_READ &&
			       !(map->flags & REACH_MAP_SHARED) &&
			       (!(map->flags & REACH_MAP_WRITE) || map->flags & REACH_MAP_MODULE)
		       ? map
		       : 0;
}

/* A word that could lead to a table of virtual functions. */
static int is_vtable(const struct reach_marker *m, uint64_t word)
{
	const struct reach_map *map = word & 7 ? 0 : constant(m, word);

	if (!map || word + 8 > map->end)
		return 0;
	map = constant(m, *(const uint64_t *)word);
	return map && !(map->flags & REACH_MAP_WRITE);
}

/* Links of a list whose members lie inside other blocks, or whose head is a variable. */
static int is_link(const struct reach_marker *m, uint64_t word)
{
	int64_t i = word & 7 ? -1 : reach_find(m->blocks, word);

	if (i >= 0)
		return word != m->blocks->entry[i].address;
	const struct reach_map *map = word & 7 ? 0 : reach_maps_find(m->maps, word);
	return map && map->flags & REACH_MAP_MODULE && map->flags & REACH_MAP_WRITE;
}

int reach_idioms_is(const struct reach_marker *m, uint32_t i, uint64_t offset)
{
	const struct reach_entry *e = &m->blocks->entry[i];
	const uint64_t *word = (const uint64_t *)e->address;

	if (!m->heuristics || m->blocks->flag[i] & REACH_HIDDEN || e->size < 16 || e->address & 7)
		return 0;
	if (offset == 8 && (word[0] == e->size - 8 ||
			    (word[0] && word[0] <= e->size - 8 && (e->size - 8) % word[0] == 0)))
		return 1; /* its length, or the number of elements of an array */
	if (offset == 24 && e->size > 24 && word[0] <= word[1] && e->size - 24 > word[1] &&
	    word[1] + 25 + 4096 > e->size && !((const char *)(word + 3))[word[0]])
		return 1; /* std::string of old: length, capacity, count, text */
	if (offset & 7 || offset + 16 > e->size)
		return 0;
	if (is_vtable(m, word[0]) && is_vtable(m, word[offset / 8]))
		return 1; /* a second base class */
	for (uint64_t k = offset / 8; k < offset / 8 + 3 && 8 * k + 8 <= e->size; k++)
		if (reach_find(m->blocks, word[k]) == i && word[k] != e->address)
			return 1; /* a list of free pieces in a block that is cut up */
	return is_link(m, word[offset / 8]) && is_link(m, word[offset / 8 + 1]);
}

struct habit {
	uint32_t *at_distance;  /* blocks, by distance */
	uint32_t *at_maker;     /* blocks, by a hash of maker and distance */
	uint32_t *key;          /* of at_maker: the hash that owns the place */
	uint32_t *learned;      /* by the same place: the hash that is a habit since an earlier round */
	uint8_t *is_learned;    /* by distance */
};

/* The place in the code that made a block: two frames, for the innermost one is often a wrapper of malloc. */
static uint64_t maker(const struct reach_file *file, uint32_t site)
{
	const struct trace_site *s = site ? reach_element(file, TRACE_AREA_SITE, site, sizeof *s) : 0;
	const struct trace_node *inner = s ? reach_element(file, TRACE_AREA_NODE, s->node, sizeof *inner) : 0;
	const struct trace_node *outer = inner ? reach_element(file, TRACE_AREA_NODE, inner->parent, sizeof *outer) : 0;

	return (inner ? inner->where : 0) * 0x9e3779b97f4a7c15u ^ (outer ? outer->where : 0);
}

static uint32_t key_of(const struct reach_marker *m, const struct reach_file *file, uint32_t i)
{
	const struct reach_entry *e = &m->blocks->entry[i];
	const struct trace_block *b = reach_element(file, TRACE_AREA_BLOCK, e->slot, sizeof *b);
	uint64_t key = (maker(file, b ? b->site : 0) ^ e->owner) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(key >> 32) | 1;
}

static void count(struct habit *h, const struct reach_marker *m, const struct reach_file *file)
{
	memset(h->at_distance, 0, DISTANCES * sizeof *h->at_distance);
	memset(h->at_maker, 0, TABLE * sizeof *h->at_maker);
	memset(h->key, 0, TABLE * sizeof *h->key);
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		if (m->blocks->mark[i] != REACH_POSSIBLE || m->blocks->entry[i].owner >= DISTANCES)
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

void reach_idioms_learn(struct reach_marker *m, const struct reach_file *file, struct reach_arena *arena)
{
	struct habit h = {
		.at_distance = reach_arena_take(arena, DISTANCES * sizeof *h.at_distance),
		.at_maker = reach_arena_take(arena, TABLE * sizeof *h.at_maker),
		.key = reach_arena_take(arena, TABLE * sizeof *h.key),
		.learned = reach_arena_take(arena, TABLE * sizeof *h.learned),
		.is_learned = reach_arena_take(arena, DISTANCES),
	};
	uint32_t changed = 1;

	if (!m->heuristics || !h.at_distance || !h.at_maker || !h.key || !h.learned || !h.is_learned)
		return;
	for (int round = 0; changed && round < ROUNDS; round++) {
		changed = 0;
		count(&h, m, file);
		for (uint32_t i = 0; i < m->blocks->count; i++) {
			uint32_t distance = m->blocks->entry[i].owner;

			if (m->blocks->mark[i] != REACH_POSSIBLE || distance >= DISTANCES ||
			    !is_habit(&h, distance, key_of(m, file, i)))
				continue;
			reach_mark_promote(m, i);
			changed++;
		}
		reach_mark_follow(m);
	}
}
