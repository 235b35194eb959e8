/* SPDX-License-Identifier: MIT */
/* Who of those that are lost is told of: see heads.h. */
#include "heads.h"

#include <string.h>

#include "counts.h"
#include "rules.h"

#define DIGIT 11u
#define TIME_STEP 12 /* log2 microseconds: the clock is no finer */

struct candidate {
	uint64_t key; /* rank, site, time: smaller is earlier */
	uint32_t entry;
};

static uint64_t key_of(const struct reach_marker *m, const struct reach_file *file, uint32_t i, uint64_t rank)
{
	const struct trace_block *t = reach_element(file, TRACE_AREA_BLOCK, m->blocks->entry[i].slot, sizeof *t);
	uint64_t site = t ? t->site & 0x3fffffff : 0;

	return rank << 62 | site << 32 | (t ? (uint32_t)(trace_block_time(t) >> TIME_STEP) : 0);
}

/* Stable: equal ones stay in order of address. Digits in which all agree cost one look. Returns where the result is. */
static struct candidate *sort(struct candidate *a, struct candidate *b, uint32_t count, uint32_t *counts)
{
	for (unsigned shift = 0; shift < 64; shift += DIGIT) {
		uint32_t sum = 0;

		memset(counts, 0, sizeof *counts << DIGIT);
		for (uint32_t i = 0; i < count; i++)
			counts[a[i].key >> shift & ((1u << DIGIT) - 1)]++;
		if (counts[a[0].key >> shift & ((1u << DIGIT) - 1)] == count)
			continue;
		for (uint32_t i = 0; i < 1u << DIGIT; i++) {
			uint32_t n = counts[i];

			counts[i] = sum;
			sum += n;
		}
		for (uint32_t i = 0; i < count; i++)
			b[counts[a[i].key >> shift & ((1u << DIGIT) - 1)]++] = a[i];
		struct candidate *other = a;
		a = b;
		b = other;
	}
	return a;
}

void reach_heads_choose(struct reach_marker *m, const struct reach_cut *cut, const struct reach_file *file,
			struct reach_arena *arena)
{
	uint8_t *rank = m->contents ? reach_arena_take(arena, m->blocks->count + 1ull) : 0;
	uint32_t count = 0, sure = 0, k = 0;

	if (m->contents && (!rank || !reach_counts_rank(cut, file, m, rank)))
		rank = 0;
	if (!m->cycles && !rank)
		return; /* whoever nothing leads to is a head in any order */
	for (uint32_t i = 0; i < m->blocks->count; i++)
		count += (uint32_t)reach_mark_is_lost(m, i);
	struct candidate *list = reach_arena_take(arena, (count + 1ull) * sizeof *list);
	struct candidate *other = reach_arena_take(arena, (count + 1ull) * sizeof *other);
	uint32_t *counts = reach_arena_take(arena, sizeof *counts << DIGIT);
	uint32_t *order = reach_arena_take(arena, (count + 1ull) * sizeof *order);
	if (!count || !list || !other || !counts || !order)
		return;
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		uint32_t worth = rank ? rank[i] : 0;

		if (!reach_mark_is_lost(m, i))
			continue;
		sure += worth == REACH_RANK_SURE;
		list[k++] = (struct candidate){key_of(m, file, i, REACH_RANK_SURE - worth), i};
	}
	list = sort(list, other, count, counts);
	for (uint32_t i = 0; i < count; i++)
		order[i] = list[i].entry;
	reach_mark_again(m, order, count, sure);
}
