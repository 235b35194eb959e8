/* SPDX-License-Identifier: MIT */
#include "streams.h"

#include <stddef.h>
#include <stdio.h>

#include "own.h"
#include "real.h"
#include "rules.h"

#define STREAMS_MOST 65536u
#define WORDS (sizeof(FILE) / sizeof(uintptr_t))

static uintptr_t *first; /* 0: this libc has no such list, or hides it */

void reach_streams_start(void)
{
	if (!own_is_musl())
		first = real_next("_IO_list_all");
}

static int is_ours_to_change(const struct reach_maps *maps, uintptr_t start, size_t size)
{
	const struct reach_map *m = start & 7 ? 0 : reach_maps_find(maps, start);

	return m && m->flags & REACH_MAP_WRITE && m->flags & REACH_MAP_READ &&
	       !(m->flags & (REACH_MAP_SHARED | REACH_MAP_IN_PROGRAM | REACH_MAP_FORCED | REACH_MAP_LEFT | REACH_MAP_DEVICE)) &&
	       size <= m->end - start;
}

void reach_streams_part(const struct reach_maps *maps)
{
	uintptr_t *link = first;

	for (uint32_t n = 0; link && n < STREAMS_MOST && is_ours_to_change(maps, (uintptr_t)link, sizeof *link); n++) {
		uintptr_t *stream = (uintptr_t *)*link;

		*link = 0;
		if (!is_ours_to_change(maps, (uintptr_t)stream, sizeof(FILE)))
			return;
		for (size_t i = 0; i < WORDS; i++) /* since glibc 2.40 it leads back as well */
			if (stream[i] == (uintptr_t)link)
				stream[i] = 0;
		link = &stream[offsetof(FILE, _chain) / sizeof *stream];
	}
}
