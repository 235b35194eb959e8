/* SPDX-License-Identifier: MIT */
#include "keepers.h"

#include "resource_key.h"
#include "rules.h"

static uint32_t place(const struct reach_keepers *k, uint64_t word)
{
	uint32_t at = (uint32_t)(word * 0x9e3779b97f4a7c15u >> 32) & k->mask;

	while (k->word[at] && k->word[at] != word + 1)
		at = (at + 1) & k->mask;
	return at;
}

/* The word by which a program knows it; 0: it is no such thing. */
static const struct trace_resource *handle(const struct reach_file *file, uint64_t i, const struct trace_type **type,
					   uint64_t *word)
{
	const struct trace_resource *r = reach_element(file, TRACE_AREA_RESOURCE, i, sizeof *r);

	if (!r || !__atomic_load_n(&r->where, __ATOMIC_ACQUIRE) || r->flags & TRACE_RESOURCE_ENDED)
		return 0;
	*type = reach_element(file, TRACE_AREA_TYPE, r->type, sizeof **type);
	if (!*type || !((*type)->flags & TRACE_TYPE_HANDLE))
		return 0;
	*word = trace_resource_address(r);
	if ((*type)->flags & TRACE_TYPE_NUMBER)
		*word = resource_key_word(*word);
	return r;
}

/* A library that was opened once stays of use when nobody can close it any more: many are meant to. */
static int needs_no_keeper(const struct trace_resource *r, const struct trace_type *t)
{
	return !(t->flags & TRACE_TYPE_NUMBER) && !r->size && r->count <= 1;
}

static void find_parts(struct reach_keepers *k, const struct reach_cut *cut, const struct reach_file *file)
{
	uint64_t used = __atomic_load_n(&cut->header->areas[TRACE_AREA_MODULE].used, __ATOMIC_ACQUIRE);

	for (uint64_t i = 1; i < used && k->part_count < REACH_KEEPERS_PARTS; i++) {
		const struct trace_module *m = reach_element(file, TRACE_AREA_MODULE, i, sizeof *m);

		if (m && m->end && !m->unloaded_us && (m->kind == TRACE_MODULE_LIBC || m->kind == TRACE_MODULE_LOADER))
			k->part[k->part_count++] = (struct reach_region){m->start, m->end - m->start};
	}
}

static uint32_t count_wanted(const struct reach_file *file, uint64_t used)
{
	uint32_t count = 0;

	for (uint64_t i = 1; i < used; i++) {
		const struct trace_type *t;
		uint64_t word;
		const struct trace_resource *r = handle(file, i, &t, &word);

		count += r && !needs_no_keeper(r, t);
	}
	return count;
}

static void want(struct reach_keepers *k, uint64_t word)
{
	uint64_t high = k->low + k->span;

	k->word[place(k, word)] = word + 1;
	if (word < RESOURCE_KEY_NUMBERS) {
		k->numbers = word >= k->numbers ? word + 1 : k->numbers;
	} else {
		high = k->span && high > word ? high : word + 1;
		k->low = k->span && k->low < word ? k->low : word;
		k->span = high - k->low;
	}
}

static int open_table(struct reach_keepers *k, const struct reach_file *file, uint64_t used, uint32_t count,
		      struct reach_arena *arena)
{
	uint64_t room = 64;

	while (room < count * 2ull && room < 1ull << 31)
		room *= 2;
	k->mask = (uint32_t)room - 1;
	k->word = reach_arena_take(arena, room * sizeof *k->word);
	k->found = reach_arena_take(arena, room * sizeof *k->found);
	if (!k->word || !k->found)
		return -1;
	for (uint64_t i = 1; i < used && count; i++) {
		const struct trace_type *t;
		uint64_t word;
		const struct trace_resource *r = handle(file, i, &t, &word);

		if (r && !needs_no_keeper(r, t)) {
			want(k, word);
			count--;
		}
	}
	return 0;
}

static void see(void *context, const uint64_t *words, uint64_t count, uint64_t from)
{
	struct reach_keepers *k = context;
	uint64_t at = from & ((1ull << 48) - 1);

	for (uint32_t i = 0; i < k->part_count; i++)
		if (at - k->part[i].start < k->part[i].size)
			return;
	for (uint64_t i = 0; i < count; i++) {
		uint64_t word = words[i];

		if (word >= k->numbers && word - k->low >= k->span)
			continue;
		uint32_t there = place(k, word);

		k->found[there] += k->word[there] != 0;
	}
}

static void note(struct trace_resource *r, uint32_t found, int is_kept, int is_doubtful, uint32_t scan)
{
	if (is_doubtful && !is_kept && found < (uint32_t)r->count)
		return;
	r->cut_short = found < (uint32_t)r->count && !is_kept ? r->cut_short + 1 : 0;
	r->cut_count = r->count;
	r->cut_pointers = found < UINT8_MAX ? found : UINT8_MAX;
	r->cut_class = is_kept ? TRACE_CUT_KEPT : found ? TRACE_CUT_POINTED : TRACE_CUT_LOST;
	__atomic_store_n(&r->cut_scan, scan, __ATOMIC_RELEASE);
}

static void note_all(const struct reach_keepers *k, const struct reach_file *file, uint64_t used, uint32_t scan)
{
	for (uint64_t i = 1; i < used; i++) {
		const struct trace_type *t;
		uint64_t word;
		const struct trace_resource *r = handle(file, i, &t, &word);

		if (!r)
			continue;
		int is_kept = needs_no_keeper(r, t);
		uint32_t there = is_kept ? 0 : place(k, word);

		if (is_kept || k->word[there]) /* else it was made since */
			note((struct trace_resource *)(uintptr_t)r, is_kept ? 0 : k->found[there], is_kept, k->marker->reader->unread->count != 0, scan);
	}
}

void reach_keepers_note(const struct reach_cut *cut, const struct reach_file *file, struct reach_roots *roots,
			struct reach_arena *arena)
{
	uint64_t used = __atomic_load_n(&cut->header->areas[TRACE_AREA_RESOURCE].used, __ATOMIC_ACQUIRE);
	struct reach_keepers k = {.marker = roots->marker};
	uint32_t count = used > 1 ? count_wanted(file, used) : 0;

	if (used <= 1)
		return;
	if (count) {
		find_parts(&k, cut, file);
		if (open_table(&k, file, used, count, arena))
			return;
		roots->marker->reader->unread->is_told = 1;
		roots->marker->see = see;
		roots->marker->seer = &k;
		reach_roots_scan(roots);
		reach_mark_see(roots->marker);
		roots->marker->see = 0;
		roots->marker->reader->unread->is_told = 0;
	}
	note_all(&k, file, used, cut->scan->number);
}
