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

static uint64_t key_of(const struct reach_marker *m, const struct reach_file *file, uint32_t i)
{
	const struct trace_block *t = reach_element(file, TRACE_AREA_BLOCK, m->blocks->entry[i].slot, sizeof *t);
	uint64_t site = t ? t->site & 0x3fffffff : 0;

	return site << 32 | (t ? (uint32_t)(trace_block_time(t) >> TIME_STEP) : 0);
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

/* The candidates in their order, as numbers only. */
struct lost {
	struct candidate *list, *other;
	uint32_t *order, *counts;
	uint32_t count, sure;
};

static int open_lost(struct lost *l, const struct reach_marker *m, struct reach_arena *arena)
{
	for (uint32_t i = 0; i < m->blocks->count; i++)
		l->count += m->blocks->mark[i] == REACH_UNSEEN;
	if (!l->count)
		return 0;
	l->list = reach_arena_take(arena, l->count * sizeof *l->list);
	l->other = reach_arena_take(arena, l->count * sizeof *l->other);
	l->order = reach_arena_take(arena, l->count * sizeof *l->order);
	l->counts = reach_arena_take(arena, sizeof *l->counts << DIGIT);
	return l->list && l->other && l->order && l->counts ? 0 : -1;
}

static void put_in_order(struct lost *l)
{
	struct candidate *sorted = sort(l->list, l->other, l->count, l->counts);

	for (uint32_t k = 0; k < l->count; k++)
		l->order[k] = sorted[k].entry;
	l->other = sorted == l->list ? l->other : l->list;
	l->list = sorted;
}

/* Resources first, if there are any among them. Returns how many. */
static uint32_t rank(struct lost *l, const struct reach_marker *m, const struct reach_cut *cut,
		     const struct reach_file *file, struct reach_arena *arena)
{
	uint8_t *worth = m->contents ? reach_arena_take(arena, m->blocks->count + 1ull) : 0;
	uint32_t ranked = worth ? reach_counts_rank(cut, file, m, worth) : 0;

	for (uint32_t k = 0; k < l->count && ranked; k++) {
		uint64_t grade = worth[l->list[k].entry];

		l->sure += grade == REACH_RANK_SURE;
		l->list[k].key = l->list[k].key << 2 >> 2 | (REACH_RANK_SURE - grade) << 62;
	}
	return ranked;
}

int reach_heads_choose(struct reach_marker *m, const struct reach_cut *cut, const struct reach_file *file,
		       struct reach_arena *arena)
{
	struct lost l = {.count = 0};
	uint32_t k = 0;

	if (open_lost(&l, m, arena))
		return -1;
	if (!l.count)
		return 0;
	for (uint32_t i = 0; i < m->blocks->count; i++)
		if (m->blocks->mark[i] == REACH_UNSEEN)
			l.list[k++] = (struct candidate){key_of(m, file, i), i};
	put_in_order(&l);
	reach_mark_heads(m, l.order, l.count);
	uint32_t ranked = rank(&l, m, cut, file, arena); /* what pass 3 counted is needed for that */
	if (ranked)
		put_in_order(&l);
	if (ranked || m->is_doubting)
		reach_mark_again(m, l.order, l.count);
	reach_mark_lost(m, l.order, l.sure);
	return 0;
}
