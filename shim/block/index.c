/* SPDX-License-Identifier: MIT */
/* Leaves of the address index, made when an address first falls into them. */
#include "index.h"

#include "area.h"
#include "rules.h"

unsigned index_fine_shift = INDEX_GLIBC;
struct index_class index_classes[64];

static size_t leaf_bytes(void)
{
	return (INDEX_AT_FINE + (INDEX_LEAF_SPAN >> index_fine_shift)) * sizeof(uint32_t);
}

int index_start(unsigned fine)
{
	index_fine_shift = fine;
	for (unsigned i = 0; i < 64; i++)
		index_classes[i] = i >= 11  ? (struct index_class){INDEX_AT_2048, 11}
				   : i >= 9 ? (struct index_class){INDEX_AT_512, 9}
				   : i >= 7 ? (struct index_class){INDEX_AT_128, 7}
					    : (struct index_class){INDEX_AT_FINE, fine};
	index_state.root = area_private(INDEX_ROOTS * sizeof *index_state.root, 0);
	return index_state.root ? 0 : -12;
}

void index_stop(void)
{
	if (!index_state.root)
		return;
	for (uint32_t i = 0; i < INDEX_ROOTS; i++)
		if (index_state.root[i])
			area_private_free(index_state.root[i], leaf_bytes());
	area_private_free(index_state.root, INDEX_ROOTS * sizeof *index_state.root);
	index_state.root = 0;
}

uint32_t *index_grow(uintptr_t address)
{
	uintptr_t i = address >> INDEX_LEAF_SHIFT;
	uint64_t *none = 0;

	if (i >= INDEX_ROOTS)
		return 0;
	uint64_t *leaf = area_private(leaf_bytes(), 0);
	if (!leaf)
		return 0;
	if (!__atomic_compare_exchange_n(&index_state.root[i], &none, leaf, 0, __ATOMIC_ACQ_REL,
					 __ATOMIC_ACQUIRE)) {
		area_private_free(leaf, leaf_bytes());
		leaf = none;
	}
	return (uint32_t *)leaf;
}
