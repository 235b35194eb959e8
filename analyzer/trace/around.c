/* SPDX-License-Identifier: MIT */
/* Which block lies around an address: see around.h. */
#include <stdlib.h>

#include "around.h"

static int by_address(const void *left, const void *right, void *blocks)
{
	const struct block *all = blocks;
	uint64_t a = all[*(const uint32_t *)left].address, b = all[*(const uint32_t *)right].address;

	return a < b ? -1 : a > b;
}

uint32_t *around_order(struct pool *pool, const struct model *m)
{
	uint32_t *order = pool_array(pool, m->block_count, sizeof(*order));

	for (uint32_t i = 0; i < m->block_count; i++)
		order[i] = i;
	if (m->block_count)
		qsort_r(order, m->block_count, sizeof(*order), by_address, m->blocks);
	return order;
}

uint32_t around_find(const struct model *m, const uint32_t *order, uint64_t address)
{
	uint32_t low = 0, high = m->block_count;
	const struct block *b;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (m->blocks[order[middle]].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return 0;
	b = &m->blocks[order[low - 1]];
	return address - b->address < b->size + !b->size ? order[low - 1] + 1 : 0;
}
