/* SPDX-License-Identifier: MIT */
#include "streams.h"

#include <stddef.h>
#include <stdio.h>

#include "own.h"
#include "real.h"
#include "rules.h"

#define STREAMS_MOST 65536u
#define MAGIC 0xfbad0000u
#define PROCESS_NEXT (sizeof(FILE) + 16)
#define PROCESS_LOCK (sizeof(FILE) + 24)
#define WORDS (sizeof(FILE) / sizeof(uintptr_t))

static uintptr_t *first; /* 0: this libc has no such list, or hides it */

void reach_streams_start(void)
{
	if (!own_is_musl())
		first = real_next("_IO_list_all");
}

/* popen() makes a block of the stream, the number of its process, the next stream of popen() and the stream's lock; those of
 * other functions have their lock elsewhere. */
static int is_of_popen(const struct reach_maps *maps, uintptr_t at)
{
	return reach_maps_are_ours(maps, at, PROCESS_LOCK) && (*(uint32_t *)at >> 16) == MAGIC >> 16 &&
	       ((uintptr_t *)at)[offsetof(FILE, _lock) / sizeof(uintptr_t)] == at + PROCESS_LOCK;
}

/* Where the list begins is libc's secret: in its data, where no stream of popen() has another business. */
static void part_processes(const struct reach_maps *maps)
{
	const struct reach_map *m = reach_maps_find(maps, (uintptr_t)first), *end = maps->map + maps->count;

	for (uintptr_t from = m ? m->start : 0; m && m < end && m->start == from && m->flags & REACH_MAP_MODULE; from = m->end, m++)
		for (uintptr_t at = m->start; at < m->end && reach_maps_are_ours(maps, at, sizeof at); at += sizeof at) {
			uintptr_t *link = (uintptr_t *)at;

			for (uint32_t n = 0; n < STREAMS_MOST && is_of_popen(maps, *link); n++) {
				uintptr_t *next = (uintptr_t *)(*link + PROCESS_NEXT);

				*link = 0;
				link = next;
			}
		}
}

static void part_all(const struct reach_maps *maps)
{
	uintptr_t *link = first;

	for (uint32_t n = 0; link && n < STREAMS_MOST && reach_maps_are_ours(maps, (uintptr_t)link, sizeof *link); n++) {
		uintptr_t *stream = (uintptr_t *)*link;

		*link = 0;
		if (!reach_maps_are_ours(maps, (uintptr_t)stream, sizeof(FILE)))
			return;
		for (size_t i = 0; i < WORDS; i++) /* since glibc 2.40 it leads back as well */
			if (stream[i] == (uintptr_t)link)
				stream[i] = 0;
		link = &stream[offsetof(FILE, _chain) / sizeof *stream];
	}
}

void reach_streams_part(const struct reach_maps *maps)
{
	if (!first)
		return;
	part_all(maps); /* before the other one: it begins in libc's data, too */
	part_processes(maps);
}
