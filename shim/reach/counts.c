/* SPDX-License-Identifier: MIT */
#include "counts.h"

#include <string.h>

#include "probe_file.h"
#include "rules.h"

#define THREAD_SIZE 2304u /* of a descriptor: its size is that of the stack */
#define LEAST_SIZE 32u /* of an object whose size nobody knows */
#define ALL_ROOTS ((1u << TRACE_ROOTS) - 2)

/* The count in the object as it was at the cut. */
static int read_count(const struct trace_type *t, const struct reach_entry *e, uint64_t address, int64_t *count)
{
	uint64_t at = address + (uint64_t)(int64_t)t->count_offset;
	uint64_t size = t->count_format == PROBE_COUNT_U64 ? 8 : 4;
	int32_t half;

	if (at < e->address || at + size > e->address + e->size)
		return 0;
	if (size == 8) {
		memcpy(count, (const void *)at, 8);
		return 1;
	}
	memcpy(&half, (const void *)at, 4);
	*count = t->count_format == PROBE_COUNT_NEG32 ? -(int64_t)half : half;
	return 1;
}

/* The kernel clears the number in the descriptor of a thread that has ended. */
static int is_running(const struct trace_resource *r, const struct reach_cut *cut, const struct reach_marker *m)
{
	uintptr_t at = trace_resource_address(r) + cut->tid_offset;

	return !cut->tid_offset || !reach_maps_readable(m->maps, at, at + 4) || *(const uint32_t *)at;
}

/* It is no leak while it runs, whoever points at it. */
static void note_running(struct trace_resource *r, uint32_t scan)
{
	r->cut_count = -1;
	r->cut_short = 0;
	r->cut_pointers = 1;
	r->cut_class = TRACE_CUT_POINTED;
	__atomic_store_n(&r->cut_scan, scan, __ATOMIC_RELEASE);
}

static void note_loose(struct trace_resource *r, const struct reach_loose *l, uint32_t scan, int is_pointed, int is_doubtful)
{
	uint32_t at = reach_loose_place(l, trace_resource_address(r));

	if (!l->address[at]) /* made after the cut */
		return;
	if (is_doubtful && !l->pointers[at] && !is_pointed) /* who knows what holds it where nobody could look */
		return;
	r->cut_count = -1;
	r->cut_short = 0;
	r->cut_pointers = l->pointers[at] || !is_pointed ? l->pointers[at] : 1;
	r->cut_class = r->cut_pointers ? TRACE_CUT_POINTED : TRACE_CUT_LOST;
	__atomic_store_n(&r->cut_scan, scan, __ATOMIC_RELEASE);
}

static int is_loose(const struct reach_marker *m, int64_t i)
{
	return i < 0 || m->contents[i] == REACH_SEVERAL;
}

/* Its count at the cut, as far as it can be known. */
static int count_of(const struct trace_resource *r, const struct trace_type *t, const struct reach_entry *e,
		    int64_t *count)
{
	*count = r->count;
	return t->flags & TRACE_TYPE_BY_HAND ||
	       (t->flags & TRACE_TYPE_READS && !(t->flags & TRACE_TYPE_MISREAD) &&
		read_count(t, e, trace_resource_address(r), count));
}

static void note(struct trace_resource *r, const struct trace_type *t, const struct reach_marker *m,
		 const struct reach_cut *cut)
{
	uint32_t scan = cut->scan->number;
	uint64_t address = trace_resource_address(r);
	int64_t i = reach_find(m->blocks, address), count;

	if (is_loose(m, i) || t->flags & TRACE_TYPE_THREAD) { /* a stack that the program made is held by libc's list */
		if (m->loose)
			note_loose(r, m->loose, scan, t->flags & TRACE_TYPE_THREAD && is_running(r, cut, m),
				   m->reader->unread->count || cut->is_shared);
		return;
	}
	r->cut_class = TRACE_CUT_AS_BLOCK;
	if (m->blocks->flag[i] & REACH_HIDDEN || !count_of(r, t, &m->blocks->entry[i], &count))
		return;
	r->cut_short = m->pointers[i] < count ? r->cut_short + 1 : 0;
	r->cut_count = count < 0 ? 0 : count > INT32_MAX ? INT32_MAX : (int32_t)count;
	r->cut_pointers = m->pointers[i];
	__atomic_store_n(&r->cut_scan, scan, __ATOMIC_RELEASE);
}

static struct trace_resource *living(const struct reach_file *file, uint64_t i)
{
	struct trace_resource *r = reach_element(file, TRACE_AREA_RESOURCE, i, sizeof *r);

	if (!r || !__atomic_load_n(&r->where, __ATOMIC_ACQUIRE) || r->flags & TRACE_RESOURCE_ENDED)
		return 0;
	const struct trace_type *t = reach_element(file, TRACE_AREA_TYPE, r->type, sizeof *t);
	return t && t->flags & TRACE_TYPE_HANDLE ? 0 : r; /* keepers.h */
}

static int64_t block_of(const struct reach_marker *m, uint64_t address)
{
	return reach_find(m->blocks, address);
}

static void find_contents(const struct reach_file *file, struct reach_marker *m, uint64_t used)
{
	for (uint64_t k = 1; k < used; k++) {
		const struct trace_resource *r = living(file, k);
		uint64_t address = r ? trace_resource_address(r) : 0;
		int64_t i = r ? block_of(m, address) : -1;
		uint64_t inside = i < 0 ? 0 : address - m->blocks->entry[i].address;

		if (!inside || inside >= REACH_SEVERAL)
			continue;
		m->contents[i] = m->contents[i] && m->contents[i] != inside ? REACH_SEVERAL : (uint32_t)inside;
	}
}

static int is_thread(const struct reach_file *file, const struct trace_resource *r)
{
	const struct trace_type *t = reach_element(file, TRACE_AREA_TYPE, r->type, sizeof *t);

	return t && t->flags & TRACE_TYPE_THREAD;
}

/* A thread's descriptor on a stack that the program made lies in a block of its own accord. */
static int is_apart(const struct reach_file *file, const struct reach_marker *m, const struct trace_resource *r)
{
	return is_thread(file, r) || is_loose(m, block_of(m, trace_resource_address(r)));
}

static int find_loose(const struct reach_file *file, struct reach_marker *m, uint64_t used, struct reach_arena *arena)
{
	struct reach_loose *l = reach_arena_take(arena, sizeof *l);
	uint64_t high = 0, count = 0, room = 64;

	for (uint64_t k = 1; k < used; k++) {
		const struct trace_resource *r = living(file, k);

		count += r && is_apart(file, m, r);
	}
	if (!count || !l)
		return l ? 0 : -1;
	while (room < count * 2 && room < 1ull << 31)
		room *= 2;
	l->mask = (uint32_t)room - 1;
	l->low = UINT64_MAX;
	l->address = reach_arena_take(arena, room * sizeof *l->address);
	l->size = reach_arena_take(arena, room * sizeof *l->size);
	l->before = reach_arena_take(arena, room * sizeof *l->before);
	l->pointers = reach_arena_take(arena, room);
	if (!l->address || !l->size || !l->before || !l->pointers)
		return -1;
	for (uint64_t k = 1; k < used && count; k++) {
		const struct trace_resource *r = living(file, k);
		uint64_t address = r ? trace_resource_address(r) : 0;

		if (!r || !is_apart(file, m, r))
			continue;
		count--;
		uint32_t at = reach_loose_place(l, address);
		l->address[at] = address;
		l->size[at] = r->size && r->size < UINT32_MAX ? (uint32_t)r->size : LEAST_SIZE;
		if (is_thread(file, r)) {
			l->before[at] = l->size[at];
			l->size[at] = THREAD_SIZE;
		}
		l->low = address < l->low ? address : l->low;
		high = address > high ? address : high;
	}
	l->span = high - l->low + 1;
	m->loose = l;
	return 0;
}

int reach_counts_open(const struct reach_cut *cut, const struct reach_file *file, struct reach_marker *m,
		      struct reach_arena *arena)
{
	uint64_t used = __atomic_load_n(&cut->header->areas[TRACE_AREA_RESOURCE].used, __ATOMIC_ACQUIRE);

	if (used <= 1)
		return 0;
	m->pointers = reach_arena_take(arena, m->blocks->count + 1ull);
	m->contents = reach_arena_take(arena, (m->blocks->count + 1ull) * sizeof *m->contents);
	if (!m->pointers || !m->contents)
		return -1;
	find_contents(file, m, used);
	return find_loose(file, m, used, arena);
}

/* Are counts and pointers of one moment, and all of them? */
static int can_compare(const struct reach_cut *cut, const struct reach_marker *m)
{
	return m->pointers && !m->reader->unread->count && !cut->is_shared && !cut->scan->unstable && !cut->scan->missing &&
	       cut->roots == ALL_ROOTS;
}

uint32_t reach_counts_rank(const struct reach_cut *cut, const struct reach_file *file, const struct reach_marker *m,
			   uint8_t *rank)
{
	uint64_t used = __atomic_load_n(&cut->header->areas[TRACE_AREA_RESOURCE].used, __ATOMIC_ACQUIRE);
	uint32_t ranked = 0;

	for (uint64_t k = 1; k < used; k++) {
		const struct trace_resource *r = living(file, k);
		const struct trace_type *t = r ? reach_element(file, TRACE_AREA_TYPE, r->type, sizeof *t) : 0;
		int64_t i = t ? block_of(m, trace_resource_address(r)) : -1, count;

		if (is_loose(m, i) || m->blocks->mark[i] != REACH_PASSED)
			continue;
		uint8_t own = t->flags & TRACE_TYPE_CONTAINER ? REACH_RANK_CONTAINER : REACH_RANK_RESOURCE;

		if (can_compare(cut, m) && !(m->blocks->flag[i] & REACH_HIDDEN) &&
		    count_of(r, t, &m->blocks->entry[i], &count) && count > m->pointers[i])
			own = REACH_RANK_SURE;
		ranked += !rank[i];
		rank[i] = own > rank[i] ? own : rank[i];
	}
	return ranked;
}

/* Its memory was let go without a word about it. */
static int is_gone(const struct trace_resource *r, const struct trace_type *t, const struct reach_marker *m,
		   const struct reach_ranges *heaps)
{
	uint64_t address = trace_resource_address(r);

	if (t->flags & (TRACE_TYPE_BY_HAND | TRACE_TYPE_JAVA | TRACE_TYPE_THREAD) || block_of(m, address) >= 0)
		return 0;
	for (uint32_t i = 0; i < heaps->count; i++)
		if (address >= heaps->range[i].start && address < heaps->range[i].end)
			return 1;
	return 0;
}

void reach_counts_note(const struct reach_cut *cut, const struct reach_file *file, const struct reach_marker *m,
		       const struct reach_ranges *heaps)
{
	uint64_t used = __atomic_load_n(&cut->header->areas[TRACE_AREA_RESOURCE].used, __ATOMIC_ACQUIRE);

	int can = can_compare(cut, m);
	int can_threads = can || (m->pointers && !cut->scan->missing && cut->roots == ALL_ROOTS);

	for (uint64_t i = 1; i < used; i++) {
		struct trace_resource *r = living(file, i);
		const struct trace_type *t = r ? reach_element(file, TRACE_AREA_TYPE, r->type, sizeof *t) : 0;

		if (t && cut->is_end && cut->is_whole && is_gone(r, t, m, heaps))
			r->cut_class = TRACE_CUT_GONE;
		else if (t && (can || (can_threads && t->flags & TRACE_TYPE_THREAD)))
			note(r, t, m, cut);
		else if (t && t->flags & TRACE_TYPE_THREAD && is_running(r, cut, m))
			note_running(r, cut->scan->number);
	}
}
