/* SPDX-License-Identifier: MIT */
/* Following pointers. The passes are explained in mark.h. */
#include "mark.h"

#include "idioms.h"
#include "rules.h"

#define HEAD_ONLY_MOST 64u

void reach_mark_open(struct reach_marker *m, struct reach_blocks *blocks, const struct reach_maps *maps,
		    struct reach_reader *reader)
{
	m->blocks = blocks;
	m->maps = maps;
	m->reader = reader;
	m->stack = blocks->stack;
	m->heads = blocks->heads;
	m->depth = m->head_count = 0;
	m->pass = 1;
}

static void push(struct reach_marker *m, uint32_t i, enum reach_mark mark, uint64_t from)
{
	struct reach_blocks *b = m->blocks;

	b->mark[i] = (uint8_t)mark;
	b->from[i] = from;
	b->entry[i].owner = m->owner;
	m->stack[m->depth++] = i;
}

/* A pointer to a resource is one to the block it lies in, though there may be a head before it. */
static inline int is_content(const struct reach_marker *m, uint32_t i, uint64_t offset)
{
	return m->contents && m->contents[i] && (m->contents[i] == offset || m->contents[i] == REACH_SEVERAL);
}

/* What hangs on a head leads back to it. A pointer inside itself is no cycle, nor is one into its middle, by which the
 * nodes of a container know where it ends. */
static void found_back(struct reach_marker *m, uint32_t i, uint64_t from)
{
	const struct reach_entry *e = &m->blocks->entry[i];

	if (from - e->address < e->size)
		return;
	m->blocks->from[i] = from;
}

/* Between lost ones: an inner pointer to what another one leads to properly was left behind in memory that nobody has written
 * to since, as likely as not. Pass 3 learns who is led to properly. */
static int is_doubtful(struct reach_marker *m, uint32_t i, uint64_t offset, uint64_t from)
{
	if (i == m->scanned)
		return 0;
	if (!offset || is_content(m, i, offset) || reach_idioms_is(m, i, offset, from)) {
		m->blocks->flag[i] |= m->pass == 3 ? REACH_OWNED : 0;
		return 0;
	}
	m->is_doubting |= m->pass == 3;
	return m->pass > 3 && m->blocks->flag[i] & REACH_OWNED;
}

/* May such a block be a head with nothing behind it? */
static int may_be_head_only(uint64_t size)
{
	return size <= HEAD_ONLY_MOST && !(size & 7);
}

/*
 * Right behind its end, and no idiom. A program that gets head + 1 from whoever makes its blocks has no other pointer to one without
 * contents: in its data that makes a small block possible. To a larger one it is what has walked through a buffer, as it is on a stack or
 * in a register, where a loop leaves it behind; and between lost ones it says nothing.
 */
static void found_end(struct reach_marker *m, uint32_t i, uint64_t from)
{
	uint64_t size = m->blocks->entry[i].size;
	uint32_t root = from >> REACH_ROOT_SHIFT & 15;

	if (m->blocks->mark[i] != REACH_UNSEEN || !may_be_head_only(size))
		return;
	if (m->pass == 2) {
		push(m, i, REACH_DRAGGED, from);
	} else if (m->pass == 1 && root != TRACE_ROOT_STACKS && root != TRACE_ROOT_REGISTERS) {
		m->blocks->mark[i] = REACH_POSSIBLE;
		m->blocks->entry[i].owner = (uint32_t)size;
		m->blocks->from[i] = from;
	}
}

/* A word leads to block i. */
static inline void found(struct reach_marker *m, uint32_t i, uint64_t offset, uint64_t from)
{
	uint8_t mark = m->blocks->mark[i];

	if (__builtin_expect(offset == m->blocks->entry[i].size, 0) && !reach_idioms_is(m, i, offset, from)) {
		found_end(m, i, from);
		return;
	}
	/* the later passes go over what pass 3 has seen */
	if (m->pointers && m->pass < 4)
		m->pointers[i] += m->pointers[i] < UINT8_MAX;
	switch (m->pass) {
	case 1:
		if (mark == REACH_REACHABLE)
			return;
		if (!offset || is_content(m, i, offset) || reach_idioms_is(m, i, offset, from)) {
			m->blocks->flag[i] |= offset ? REACH_INSIDE : 0;
			push(m, i, REACH_REACHABLE, from);
		} else if (mark == REACH_UNSEEN || offset < m->blocks->entry[i].owner) {
			m->blocks->mark[i] = REACH_POSSIBLE;
			m->blocks->entry[i].owner = offset < UINT32_MAX ? (uint32_t)offset : UINT32_MAX;
			m->blocks->from[i] = from;
		}
		return;
	case 2:
		if (mark == REACH_UNSEEN)
			push(m, i, REACH_DRAGGED, from);
		return;
	case 3:
	case 5:
		if ((mark == REACH_UNSEEN || mark == REACH_PASSED) && !is_doubtful(m, i, offset, from) && mark == REACH_UNSEEN)
			push(m, i, REACH_PASSED, from);
		return;
	default:
		if (mark == REACH_PASSED && !is_doubtful(m, i, offset, from))
			push(m, i, REACH_DRAGGED, from);
		else if (mark == REACH_DEFINITE && !offset && i + 1 == m->owner && !m->blocks->from[i])
			found_back(m, i, from);
	}
}

/* A word may lead to a loose resource. */
static void found_loose(struct reach_marker *m, uint64_t word, uint64_t from)
{
	struct reach_loose *l = m->loose;
	uint32_t at;

	if (word - l->low >= l->span || m->pass > 3)
		return;
	at = reach_loose_place(l, word);
	if (m->pass > 2 && l->before[at]) /* who is lost cannot join a thread */
		return;
	from &= (1ull << REACH_ROOT_SHIFT) - 1;
	if (l->address[at] && (from + l->before[at] < word || from >= word + l->size[at]))
		l->pointers[at] += l->pointers[at] < UINT8_MAX;
}

static inline void scan(struct reach_marker *m, const uint64_t *words, uint64_t count, uint64_t from)
{
	const struct reach_blocks *b = m->blocks;

	if (__builtin_expect(m->see != 0, 0)) {
		m->see(m->seer, words, count, from);
		return;
	}
	for (uint64_t k = 0; k < count; k++) {
		uint64_t word = words[k] & m->mask;
		int64_t i = reach_find_or_end(b, word);

		if (__builtin_expect(m->loose != 0, 0))
			found_loose(m, word, from + 8 * k);
		if (__builtin_expect(i >= 0, 0))
			found(m, (uint32_t)i, word - b->entry[i].address, from + 8 * k);
	}
}

void reach_mark_words(struct reach_marker *m, const uint64_t *words, uint64_t count, uintptr_t at,
		      uint32_t root)
{
	scan(m, words, count, at | (uint64_t)root << REACH_ROOT_SHIFT);
}

static void scan_run(void *context, uintptr_t start, uintptr_t end)
{
	struct reach_marker *m = context;

	m->read += end - start;
	scan(m, (const uint64_t *)start, (end - start) / 8, start);
}

static void scan_words(void *context, const uint64_t *words, uint64_t count, uintptr_t at)
{
	struct reach_marker *m = context;

	m->read += count * 8;
	scan(m, words, count, at);
}

/* Pages of private memory without a file that were never written to are zeros. */
static int has_zero_pages(const struct reach_marker *m, uintptr_t start, uintptr_t end)
{
	const struct reach_map *map = reach_maps_find(m->maps, start);

	return map && end <= map->end && !(map->flags & (REACH_MAP_FILE | REACH_MAP_SHARED | REACH_MAP_DEVICE));
}

static void scan_block(struct reach_marker *m, uint32_t i)
{
	const struct reach_entry *e = &m->blocks->entry[i];
	uint64_t start = (e->address + 7) & ~7ull, end = (e->address + e->size) & ~7ull;

	m->scanned = i;
	if (end <= start)
		return;
	if (m->blocks->flag[i] & REACH_HIDDEN)
		reach_reader_read(m->reader, start, end, scan_words, m);
	else if (end - start >= REACH_PAGES_LEAST && has_zero_pages(m, start, end))
		reach_pages_touched(m->reader->pages, start, end, scan_run, m);
	else
		scan_run(m, start, end);
}

void reach_mark_follow(struct reach_marker *m)
{
	while (m->depth)
		scan_block(m, m->stack[--m->depth]);
}

void reach_mark_see(struct reach_marker *m)
{
	for (uint32_t i = 0; i < m->blocks->count; i++)
		if (m->blocks->mark[i] == REACH_REACHABLE && !(m->blocks->flag[i] & (REACH_LOADER | REACH_LIBC)))
			scan_block(m, i);
}

void reach_mark_block(struct reach_marker *m, uint32_t entry, uint32_t root)
{
	if (m->blocks->mark[entry] != REACH_REACHABLE)
		push(m, entry, REACH_REACHABLE, m->blocks->entry[entry].address | (uint64_t)root << REACH_ROOT_SHIFT);
}

void reach_mark_promote(struct reach_marker *m, uint32_t entry)
{
	m->blocks->flag[entry] |= REACH_INSIDE;
	push(m, entry, REACH_REACHABLE, m->blocks->from[entry]);
}

static void find_head(struct reach_marker *m, uint32_t i)
{
	if (m->blocks->mark[i] != REACH_UNSEEN)
		return;
	m->heads[m->head_count++] = i;
	push(m, i, REACH_PASSED, 0);
	reach_mark_follow(m);
}

static void take_head(struct reach_marker *m, uint32_t i)
{
	if (m->blocks->mark[i] != REACH_PASSED)
		return;
	m->owner = 0;
	push(m, i, REACH_DEFINITE, 0);
	m->owner = i + 1;
	reach_mark_follow(m);
}

void reach_mark_possible(struct reach_marker *m)
{
	m->pass = 2;
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		if (m->blocks->mark[i] != REACH_POSSIBLE)
			continue;
		m->owner = i + 1;
		m->stack[m->depth++] = i;
		reach_mark_follow(m);
	}
	m->owner = 0;
}

void reach_mark_heads(struct reach_marker *m, const uint32_t *order, uint32_t count)
{
	m->pass = m->pass < 3 ? 3 : 5;
	for (uint32_t k = 0; k < count; k++)
		find_head(m, order[k]);
}

void reach_mark_again(struct reach_marker *m, const uint32_t *order, uint32_t count)
{
	m->head_count = 0;
	for (uint32_t k = 0; k < count; k++)
		m->blocks->mark[order[k]] = REACH_UNSEEN;
	reach_mark_heads(m, order, count);
}

void reach_mark_lost(struct reach_marker *m, const uint32_t *order, uint32_t sure)
{
	m->pass = 6;
	/* none of the sure ones hangs on another one, and all that they lead to is theirs first */
	for (uint32_t k = 0; k < sure; k++) {
		m->blocks->mark[order[k]] = REACH_DEFINITE;
		m->blocks->entry[order[k]].owner = 0;
		m->blocks->from[order[k]] = 0;
	}
	for (uint32_t k = 0; k < sure; k++) {
		m->owner = order[k] + 1;
		m->stack[m->depth++] = order[k];
		reach_mark_follow(m);
	}
	while (m->head_count)
		take_head(m, m->heads[--m->head_count]);
}
