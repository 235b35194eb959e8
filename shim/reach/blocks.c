/* SPDX-License-Identifier: MIT */
/* The sorted blocks of a cut and their directory. */
#include "blocks.h"

#include <string.h>
#include <sys/mman.h>

#include "area.h"
#include "lazy.h"
#include "sys.h"
#include "rules.h"

#define DIGIT 11u
#define ADDRESS_LOW 3u /* blocks are at least 8 bytes apart */
#define PASSES 4u      /* 4 * 11 + 3 = 47 bits of user space */

struct key {
	uint64_t address;
	uint32_t slot;
	uint32_t gone; /* let go after the cut */
};
_Static_assert(sizeof(struct key) + 8 == sizeof(struct reach_entry) && sizeof(struct key) == sizeof(uint64_t) + 2 * sizeof(uint32_t),
	       "places of keys");

int reach_arena_open(struct reach_arena *arena, uint64_t size)
{
	long at = lazy_map(size); /* a scan that shares the program's memory is under its lock too */

	if (sys_failed(at))
		return -1;
	arena->start = arena->at = (unsigned char *)at;
	arena->end = arena->start + size;
	return 0;
}

void *reach_arena_take(struct reach_arena *arena, uint64_t size)
{
	unsigned char *at = arena->at;

	size = (size + 63) & ~63ull;
	if (size > (uint64_t)(arena->end - at))
		return 0;
	arena->at = at + size;
	return at;
}

int reach_file_open(struct reach_file *file, const struct reach_cut *cut, struct reach_arena *arena)
{
	static const uint8_t wanted[] = {TRACE_AREA_MODULE, TRACE_AREA_THREAD, TRACE_AREA_NODE,
					 TRACE_AREA_SITE, TRACE_AREA_BLOCK, TRACE_AREA_VERDICT,
					 TRACE_AREA_TYPE, TRACE_AREA_RESOURCE, TRACE_AREA_UNREAD};
	const unsigned char *base = (const unsigned char *)cut->header;
	uint64_t used = __atomic_load_n(&cut->header->file_used, __ATOMIC_ACQUIRE);

	memset(file, 0, sizeof *file);
	for (size_t i = 0; i < sizeof wanted; i++) {
		const struct trace_area_head *head = &cut->header->areas[wanted[i]];

		file->per_chunk[wanted[i]] = head->per_chunk;
		file->chunks[wanted[i]] = (uint32_t)(head->used / head->per_chunk + 1);
		file->chunk[wanted[i]] = reach_arena_take(arena, file->chunks[wanted[i]] * sizeof(void *));
		if (!file->chunk[wanted[i]])
			return -1;
	}
	for (uint64_t at = TRACE_HEADER_SIZE; at < used;) {
		struct trace_chunk *c = (struct trace_chunk *)(base + at);

		if (c->magic != TRACE_CHUNK_MAGIC || !c->length)
			return -1;
		if (c->area == TRACE_AREA_ROOM && area_divide(c, TRACE_AREA_VERDICT, file->per_chunk[TRACE_AREA_VERDICT]))
			return -1;
		if (c->area < TRACE_AREAS && c->ordinal < file->chunks[c->area])
			file->chunk[c->area][c->ordinal] = (unsigned char *)(c + 1);
		at += c->length;
	}
	return 0;
}

/* Sorts by address; the result lies in `a` again, the number of passes being even. */
static void sort(struct key *a, struct key *b, uint32_t count, uint32_t *counts)
{
	for (unsigned pass = 0; pass < PASSES; pass++) {
		unsigned shift = ADDRESS_LOW + pass * DIGIT;
		uint32_t sum = 0;

		memset(counts, 0, sizeof *counts << DIGIT);
		for (uint32_t i = 0; i < count; i++)
			counts[a[i].address >> shift & ((1u << DIGIT) - 1)]++;
		for (uint32_t i = 0; i < 1u << DIGIT; i++) {
			uint32_t n = counts[i];

			counts[i] = sum;
			sum += n;
		}
		for (uint32_t i = 0; i < count; i++)
			b[counts[a[i].address >> shift & ((1u << DIGIT) - 1)]++] = a[i];
		struct key *other = a;
		a = b;
		b = other;
	}
}

static uint32_t gather(struct key *keys, const struct reach_cut *cut, const struct reach_file *file)
{
	uint32_t n = 0;

	for (uint64_t i = 1; i < cut->blocks; i++) {
		const struct trace_block *b = reach_element(file, TRACE_AREA_BLOCK, i, sizeof *b);
		uint64_t where = b ? __atomic_load_n(&b->where, __ATOMIC_RELAXED) : 0;
		uint32_t is_gone = b && trace_block_family(b) == TRACE_FAMILY_GONE;

		where &= (1ull << TRACE_ADDRESS_BITS) - 1;
		if (where && (!is_gone || b->time == cut->scan->number))
			keys[n++] = (struct key){where, (uint32_t)i, is_gone};
	}
	return n;
}

/* Per site: REACH_LOADER or REACH_LIBC if its innermost frame lies there. */
static uint8_t *site_flags(const struct reach_cut *cut, const struct reach_file *file,
			     struct reach_arena *arena, uint64_t *count)
{
	*count = cut->header->areas[TRACE_AREA_SITE].used;
	uint8_t *flags = reach_arena_take(arena, *count + 1);

	for (uint64_t i = 1; flags && i < *count; i++) {
		const struct trace_site *s = reach_element(file, TRACE_AREA_SITE, i, sizeof *s);
		const struct trace_node *n =
			s ? reach_element(file, TRACE_AREA_NODE, s->node, sizeof *n) : 0;
		uint32_t module = n ? trace_node_module(n) : 0;
		const struct trace_module *m =
			module ? reach_element(file, TRACE_AREA_MODULE, module, sizeof *m) : 0;

		flags[i] = !m ? 0 : m->kind == TRACE_MODULE_LOADER ? REACH_LOADER : m->kind == TRACE_MODULE_LIBC ? REACH_LIBC : 0;
	}
	return flags;
}

static void add(struct reach_blocks *b, const struct key *key, const struct trace_block *t, unsigned flag)
{
	struct reach_entry *e = &b->entry[b->count];
	uint64_t size = trace_block_size(t);

	if (b->count && e[-1].address + e[-1].size == key->address)
		b->flag[b->count - 1] |= REACH_FOLLOWED;
	flag |= trace_block_family(t) == TRACE_FAMILY_NEW_ARRAY ? REACH_ARRAY : 0;
	*e = (struct reach_entry){key->address, size ? size : 1, key->slot, 0};
	b->flag[b->count++] = (uint8_t)flag;
}

static void fill(struct reach_blocks *b, const struct key *keys, uint32_t count, const uint8_t *flags,
		 uint64_t sites, const struct reach_file *file)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct key key = keys[i];
		const struct trace_block *t = reach_element(file, TRACE_AREA_BLOCK, key.slot, sizeof *t);
		struct reach_entry *e = &b->entry[b->count];

		/* what was let go after the cut stood there at the cut; its successor did not */
		if (b->count && e[-1].address == key.address) {
			if (!key.gone)
				continue;
			b->count--;
		}
		add(b, &key, t, (t->site < sites && !key.gone ? flags[t->site] : 0) |
					(t->what & TRACE_BLOCK_IGNORED ? REACH_IGNORED : 0));
	}
}

static uint32_t *leaf_at(struct reach_blocks *b, uint64_t top, struct reach_arena *arena)
{
	uint64_t granules = 1ull << (REACH_LEAF - REACH_GRANULE);

	if (!b->top[top]) {
		if (!reach_arena_take(arena, granules * sizeof *b->leaves))
			return 0;
		b->top[top] = ++b->leaf_count << 1;
	}
	return b->leaves + (b->top[top] >> 1) * granules;
}

static int directory(struct reach_blocks *b, struct reach_arena *arena)
{
	uint64_t mask = (1ull << REACH_LEAF) - 1;

	b->top = reach_arena_take(arena, REACH_TOP * sizeof *b->top);
	/* leaves follow one another; number 0 is not used */
	b->leaves = reach_arena_take(arena, sizeof *b->leaves << (REACH_LEAF - REACH_GRANULE));
	if (!b->top || !b->leaves)
		return -1;
	for (uint32_t i = 0; i < b->count; i++) {
		uint64_t at = b->entry[i].address, last = at + b->entry[i].size; /* where its end is looked for */

		if (last >> 47)
			continue;
		while (at <= last) {
			uint64_t top = at >> REACH_LEAF;
			uint64_t end = (at | mask) < last ? (at | mask) : last;

			if (!(at & mask) && (end & mask) == mask) {
				b->top[top] = i << 1 | 1;
			} else {
				uint32_t *leaf = leaf_at(b, top, arena);

				if (!leaf)
					return -1;
				for (uint64_t g = (at & mask) >> REACH_GRANULE;
				     g <= (end & mask) >> REACH_GRANULE; g++)
					if (!leaf[g])
						leaf[g] = i + 1;
			}
			at = (at | mask) + 1;
		}
	}
	if (b->count) {
		b->low = b->entry[0].address;
		b->span = b->entry[b->count - 1].address + b->entry[b->count - 1].size + 1 - b->low;
		if (b->low + b->span > 1ull << 47)
			b->span = (1ull << 47) - b->low;
	}
	return 0;
}

/*
 * Sorting needs no memory that is not needed afterwards: keys lie in the upper two thirds of what becomes the entries, and each is read
 * before the entries grow over it; their other place is what becomes `from` and the numbers of mark.c.
 */
int reach_blocks_open(struct reach_blocks *b, const struct reach_cut *cut, const struct reach_file *file,
		      struct reach_arena *arena)
{
	uint64_t most = cut->blocks + 1, sites;
	memset(b, 0, sizeof *b);
	b->entry = reach_arena_take(arena, most * sizeof *b->entry);
	b->from = reach_arena_take(arena, most * sizeof(struct key));
	b->mark = reach_arena_take(arena, most);
	b->flag = reach_arena_take(arena, most);
	uint32_t *counts = reach_arena_take(arena, sizeof *counts << DIGIT);
	uint8_t *flags = site_flags(cut, file, arena, &sites);
	if (!counts || !b->entry || !b->from || !b->mark || !b->flag || !flags)
		return -1;
	b->stack = (uint32_t *)(b->from + most);
	b->heads = b->stack + most;
	struct key *keys = (struct key *)((uint64_t *)b->entry + most), *other = (struct key *)b->from;
	uint32_t count = gather(keys, cut, file);
	sort(keys, other, count, counts);
	fill(b, keys, count, flags, sites, file);
	memset(other, 0, count * sizeof *other);
	return directory(b, arena);
}

uint32_t reach_above(const struct reach_blocks *b, uint64_t address)
{
	uint32_t low = 0, high = b->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (b->entry[middle].address + b->entry[middle].size <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}
