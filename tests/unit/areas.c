/* SPDX-License-Identifier: MIT */
/*
 * The areas that the rooms of stacks and slots ask for, in private memory instead of a trace file, so that their
 * tests need no other room of the shim but the state. A fork child finds all of it zeroed, as there.
 */
#include <string.h>
#include <sys/mman.h>

#include "area.h"
#include "guard.h"
#include "state.h"

static const struct {
	uint32_t element, shift;
} layout[] = {
	[TRACE_AREA_TEXT] = {1, AREA_SHIFT_TEXT},
	[TRACE_AREA_MODULE] = {sizeof(struct trace_module), AREA_SHIFT_MODULE},
	[TRACE_AREA_NODE] = {sizeof(struct trace_node), AREA_SHIFT_NODE},
	[TRACE_AREA_BLOCK] = {sizeof(struct trace_block), AREA_SHIFT_BLOCK},
};
#define AREAS (sizeof(layout) / sizeof(layout[0]))
#define CHUNKS 4096u

void *area_private(size_t size, int wipe)
{
	void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	madvise(at, size, wipe ? MADV_WIPEONFORK : MADV_DONTFORK);
	return at;
}

/* One mapping for each area; chunks are pieces of it. */
int area_open(const char *path)
{
	(void)path;
	guard_start((char *[]){NULL});
	state_clock_find();
	madvise(&state_page, sizeof(state_page), MADV_WIPEONFORK);
	state.header = area_private(sizeof(*state.header), 1);
	for (uint32_t a = 1; a < AREAS; a++) {
		size_t size = (size_t)layout[a].element << layout[a].shift;
		unsigned char *all;

		if (!layout[a].element)
			continue;
		all = area_private(size * CHUNKS, 1);
		state.areas[a].chunk = area_private(sizeof(void *) * CHUNKS, 1);
		if (!all || !state.areas[a].chunk || !state.header)
			return -1;
		for (uint32_t i = 0; i < CHUNKS; i++)
			state.areas[a].chunk[i] = all + size * i;
		state.header->areas[a].used = 1;
	}
	return 0;
}

uint32_t area_take(enum trace_area which, uint32_t count)
{
	uint64_t at = __atomic_fetch_add(&state.header->areas[which].used, count, __ATOMIC_RELAXED);

	return at + count > (uint64_t)CHUNKS << layout[which].shift ? 0 : (uint32_t)at;
}

void area_private_free(void *at, size_t size)
{
	munmap(at, size);
}

void area_private_shrink(void *at, size_t size, size_t left)
{
	munmap((char *)at + left, size - left);
}

uint32_t area_text(const char *text, size_t size)
{
	uint32_t at = area_take(TRACE_AREA_TEXT, (uint32_t)size + 1);

	if (at)
		memcpy(state.areas[TRACE_AREA_TEXT].chunk[0] + at, text, size); /* chunks are adjacent */
	return at;
}
