/* SPDX-License-Identifier: MIT */
#include "musl.h"

#include "rules.h"

#define PAGE 4096u
#define FIRST_BOUND 56u /* behind the tid */

int reach_musl_descriptor(uintptr_t at, uintptr_t end, uintptr_t *low, uintptr_t *high)
{
	const uint64_t *word = (const uint64_t *)at;

	if (at & 7 || at + REACH_MUSL_DESCRIPTOR > end || word[0] != at || !word[2] || !word[3])
		return 0;
	for (uintptr_t w = at + FIRST_BOUND; w + 16 <= at + REACH_MUSL_DESCRIPTOR; w += 8) {
		uint64_t start = *(const uint64_t *)w, size = ((const uint64_t *)w)[1];

		if (start && !(start & (PAGE - 1)) && size && size <= 64ull << 30 && start < at && at < start + size) {
			*low = start;
			*high = start + size;
			return 1;
		}
	}
	return 0;
}

void reach_musl_gaps(const struct reach_maps *maps, const struct reach_blocks *blocks, struct reach_ranges *holes)
{
	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct reach_map *m = reach_maps_find(maps, blocks->entry[i].address);

		if (m && m->flags & REACH_MAP_MODULE)
			reach_ranges_add(holes, blocks->entry[i].address, blocks->entry[i].address + blocks->entry[i].size, 0);
	}
}
