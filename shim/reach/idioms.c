/* SPDX-License-Identifier: MIT */
/* Inner pointers that stand for their block. */
#include "idioms.h"

#include <string.h>

#include "rules.h"

#define HOOK_LINKS 3u

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

/* Is the other block like block i, but for what it says? */
static int is_like(const struct reach_marker *m, uint32_t i, int64_t other)
{
	return other >= 0 && other != i && m->blocks->entry[other].size == m->blocks->entry[i].size;
}

/* The hook by which a member hangs in a list or a tree is a few links: one of them leads to the hook of another block like it, or it is
 * such a link that leads here. */
static int is_hook(const struct reach_marker *m, uint32_t i, uint64_t offset, uint64_t from)
{
	const struct reach_entry *e = m->blocks->entry;
	const uint64_t *word = (const uint64_t *)(e[i].address + offset);

	if (!(from >> REACH_ROOT_SHIFT) && is_like(m, i, m->scanned) && from - e[m->scanned].address - offset <= 8 * (HOOK_LINKS - 1))
		return 1;
	for (uint64_t k = 0; k < HOOK_LINKS && offset + 8 * k + 8 <= e[i].size; k++) {
		int64_t other = word[k] & 7 ? -1 : reach_find(m->blocks, word[k]);

		if (is_like(m, i, other) && word[k] - e[other].address == offset)
			return 1;
	}
	return 0;
}

/* A pointer into a block. */
struct inner {
	const uint64_t *word;   /* the block */
	const unsigned char *byte;
	uint64_t size, offset;  /* offset may be size: what is behind the head has no bytes then */
};

static uint32_t half_at(const struct inner *p, uint64_t offset)
{
	uint32_t half;

	memcpy(&half, p->byte + offset, sizeof half);
	return half;
}

/* The head holds the length of what follows it, or of all: of 8, 16, 24 or 32 bytes, or a count of elements. */
static int is_after_length(const struct inner *p)
{
	uint64_t rest = p->size - p->offset;

	if (p->offset & 7 || p->offset > 32)
		return 0;
	for (uint64_t k = 0; k < p->offset / 8; k++)
		if (p->word[k] == rest || (p->word[k] == p->size && p->offset > 8))
			return 1;
	return p->offset == 8 && p->word[0] && p->word[0] <= rest && rest % p->word[0] == 0;
}

/* std::string of old: length, capacity, count, text */
static int is_string_of_old(const struct inner *p)
{
	return p->offset == 24 && p->size > 24 && p->word[0] <= p->word[1] && p->size - 24 > p->word[1] &&
	       p->word[1] + 25 + 4096 > p->size && !p->byte[24 + p->word[0]];
}

/* An own aligned malloc: before the pointer stands where the block begins, or how far that is. */
static int is_aligned_by_hand(const struct inner *p)
{
	uint64_t at = (uint64_t)p->word + p->offset;

	if (at & 15 || p->offset < 8)
		return 0;
	return p->word[p->offset / 8 - 1] == (uint64_t)p->word || p->word[p->offset / 8 - 1] == p->offset ||
	       (p->offset <= 256 && at % 32 == 0 && p->byte[p->offset - 1] == (uint8_t)p->offset);
}

/* Rust's Arc and Rc from into_raw: two counts, then the value. */
static int is_counted_by_rust(const struct inner *p)
{
	uint64_t least = 16;

	while (least < p->offset)
		least *= 2;
	return p->offset == least && p->word[0] - 1 < 1u << 24 && p->word[1] - 1 < 1u << 24;
}

/* hashbrown: slots, then one byte for each of them and 16 more that repeat the first ones; the pointer is to these. */
static int is_swiss_table(const struct inner *p)
{
	const unsigned char *control = p->byte + p->offset;
	uint64_t slots = p->size - p->offset - 16;

	if (p->offset & 15 || p->size < p->offset + 17 || slots & (slots - 1) || slots > p->offset || slots < 2)
		return 0;
	if (!memchr(control, 0xff, slots)) /* one slot is always empty */
		return 0;
	if (slots < 16)
		return !memcmp(control, control + 16, slots);
	return !memcmp(control, control + slots, 16);
}

/* sds: length, capacity, kind, text */
static int is_sds(const struct inner *p)
{
	static const uint8_t heads[] = {1, 3, 5, 9, 17};
	uint8_t kind = p->byte[p->offset - 1] & 7, width;
	uint64_t length = 0, room = 0;

	if (kind > 4 || p->offset != heads[kind] || p->size <= p->offset)
		return 0;
	if (!kind)
		return p->size == (uint64_t)(p->byte[0] >> 3) + 2 && !p->byte[p->size - 1];
	width = heads[kind] / 2;
	memcpy(&length, p->byte, width);
	memcpy(&room, p->byte + width, width);
	/* a newer one takes what the allocator gives it beyond what was asked for */
	return length <= room && length < p->size - p->offset && room <= p->size + p->size / 4 + 24 && !p->byte[p->offset + length];
}

/* An object of CPython behind what its garbage collector keeps: two links, then count and type. */
static int is_python_object(const struct reach_marker *m, const struct inner *p)
{
	const uint64_t *w = p->word;

	if (p->offset != 16 || p->size < 32 || !w[2] || !w[3] || w[3] & 7)
		return 0;
	for (int i = 0; i < 2; i++) {
		uint64_t link = w[i] & ~7ull;
		const struct reach_map *map = link ? reach_maps_find(m->maps, link) : 0;

		if (link && reach_find(m->blocks, link) < 0 && !(map && map->flags & REACH_MAP_WRITE))
			return 0;
	}
	const struct reach_map *type = reach_maps_find(m->maps, w[3]);
	return w[2] < 1ull << 32 && (reach_find(m->blocks, w[3]) >= 0 || (type && type->flags & REACH_MAP_WRITE));
}

/* PHP: two places of the hash for each element, then the elements, of 32 bytes; or two unused places, then values of 16. */
static int is_php_table(const struct inner *p)
{
	uint64_t elements = p->offset / 8;

	if (p->offset == 8)
		return p->word[0] == ~0ull && p->size > 8 && (p->size - 8) % 128 == 0;
	if (p->size != 5 * p->offset || elements & (elements - 1) || elements < 8)
		return 0;
	for (uint64_t at = 0; at < p->offset && at < 256; at += 4)
		if (half_at(p, at) != UINT32_MAX && half_at(p, at) >= elements)
			return 0;
	return 1;
}

#define THROWN 128u /* where what was thrown begins, in libstdc++ and libc++abi */
#define THROWN_BY_GCC 0x474e5543432b2bull   /* "GNUCC++", then 0 or 1 */
#define THROWN_BY_CLANG 0x434c4e47432b2bull /* "CLNGC++" */

/* An exception under way or caught: its thread holds it by the header, the unwinder by its own part of that, which says whose it is,
 * and std::exception_ptr by what was thrown. */
static int is_exception(const struct inner *p)
{
	uint64_t whose = p->size > THROWN ? p->word[THROWN / 8 - 4] >> 8 : 0;

	return (whose == THROWN_BY_GCC || whose == THROWN_BY_CLANG) &&
	       (p->offset == 16 || p->offset == THROWN - 32 || p->offset == THROWN);
}

/* std::pmr::monotonic_buffer_resource of libstdc++ keeps its pieces by what stands last in them: the size, with the alignment's
 * logarithm in it, and where the next one's stands. */
static int is_pmr_piece(const struct inner *p)
{
	return p->offset + 16 == p->size && (p->word[p->offset / 8] & ~63ull) == p->size;
}

#define GLIB_BOX 0x44ae2bf0u

/* g_rc_box_alloc and its kin: a count, the size, where the block began, a magic number. */
static int is_glib_box(const struct inner *p)
{
	return p->offset >= 32 && p->offset <= 256 && p->offset % 16 == 0 && half_at(p, p->offset - 8) == GLIB_BOX;
}

static int is_known(const struct reach_marker *m, const struct inner *p)
{
	if (is_sds(p))
		return 1;
	if (p->offset & 7)
		return 0;
	return is_after_length(p) || is_string_of_old(p) || is_aligned_by_hand(p) || is_counted_by_rust(p) ||
	       is_glib_box(p) || is_swiss_table(p) || is_php_table(p) || is_exception(p) ||
	       is_pmr_piece(p) || is_python_object(m, p);
}

/* An array of no elements with its count, which stands at their alignment, or a head with nothing behind it. */
static int is_head_only(const struct reach_marker *m, uint32_t i, const struct inner *p)
{
	if (p->size == 16 || p->size == 32)
		return (m->blocks->flag[i] & REACH_ARRAY && !p->word[p->size / 8 - 1]) || is_aligned_by_hand(p) ||
		       is_counted_by_rust(p);
	return m->blocks->flag[i] & REACH_ARRAY && p->size <= REACH_HEAD_MOST && !(p->size & (p->size - 1)) &&
	       !p->word[p->size / 8 - 1];
}

int reach_idioms_is(const struct reach_marker *m, uint32_t i, uint64_t offset, uint64_t from)
{
	const struct reach_entry *e = &m->blocks->entry[i];
	const uint64_t *word = (const uint64_t *)e->address;
	struct inner p = {word, (const unsigned char *)word, e->size, offset};

	if (m->is_tagged && offset < 8)
		return 1;
	if (!m->heuristics || m->blocks->flag[i] & REACH_HIDDEN || e->address & 7 || p.size < 8)
		return 0;
	if (offset == p.size)
		return is_head_only(m, i, &p);
	if (is_known(m, &p))
		return 1;
	if (offset & 7 || offset + 8 > p.size)
		return 0;
	if (is_vtable(m, word[0]) && is_vtable(m, word[offset / 8]))
		return 1; /* a second base class */
	if (is_hook(m, i, offset, from))
		return 1;
	if (offset + 16 > p.size)
		return 0;
	for (uint64_t k = offset / 8; k < offset / 8 + 3 && 8 * k + 8 <= p.size; k++)
		if (reach_find(m->blocks, word[k]) == i && word[k] != e->address)
			return 1; /* a list of free pieces in a block that is cut up */
	return is_link(m, word[offset / 8]) && is_link(m, word[offset / 8 + 1]);
}
