/* SPDX-License-Identifier: MIT */
/* Inner pointers that stand for their block. */
#include "idioms.h"

#include "rules.h"

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
