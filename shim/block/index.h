/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_INDEX_H
#define LEAKSHIM_INDEX_H
/*
 * Address -> block slot, with the locality of the heap itself and without locks.
 *
 * A leaf covers 64 MiB of address space with four arrays of 32-bit slot numbers, of
 * growing granularity. A block goes into the coarsest array whose granule it fills:
 *   blocks of 2048 bytes and more: one entry per 2048 bytes of address space
 *   512 to 2047: per 512;   128 to 511: per 128;   smaller: per 32 (8 where the program's
 *   allocator is not glibc's, whose blocks are at least 32 bytes apart)
 * Two blocks that fill their granule cannot begin in the same granule, so an entry belongs to
 * whoever owns the block: plain loads and stores suffice. The price is 4 to 16 bytes for a block
 * whatever its size; one array alone would take a quarter of the heap.
 *
 * glibc keeps the distance to the next block in the word before each block and reads it in every
 * free; there, that distance is what fills a granule, so the array is known without a search
 * (index_own). Elsewhere it is the size asked for, and a look-up tries one array after the other.
 *
 * An entry is only a hint: the caller compares the address in the slot.
 */
#include <stdint.h>
#include "state.h"

/* A fork wipes this. */
struct index_part {
	uint64_t **root; /* [address >> INDEX_LEAF_SHIFT] -> leaf */
};
#define index_state STATE_PART(index)
STATE_PART_FITS(index);

#define INDEX_LEAF_SHIFT 26
#define INDEX_ROOTS (1u << (47 - INDEX_LEAF_SHIFT))
#define INDEX_LEAF_SPAN (1ull << INDEX_LEAF_SHIFT)
#define INDEX_SLOT_BITS 29u /* of an entry; above them is a tag of the caller's, 0..7 */
#define INDEX_GLIBC 5u /* log2 of the least distance between two of glibc's blocks; others have less */

/* Offsets of the arrays in a leaf, in entries. */
#define INDEX_AT_2048 0u
#define INDEX_AT_512 (INDEX_AT_2048 + (uint32_t)(INDEX_LEAF_SPAN >> 11))
#define INDEX_AT_128 (INDEX_AT_512 + (uint32_t)(INDEX_LEAF_SPAN >> 9))
#define INDEX_AT_FINE (INDEX_AT_128 + (uint32_t)(INDEX_LEAF_SPAN >> 7))

extern unsigned index_fine_shift __attribute__((visibility("hidden")));

/* Maps the root. `fine` is log2 of the least distance between two blocks. Returns 0 or -errno. */
int index_start(unsigned fine);
void index_stop(void);

/* Makes the leaf for an address; 0: no space, or not an address of user space. */
uint32_t *index_grow(uintptr_t address);

static inline uint32_t *index_leaf(uintptr_t address)
{
	uintptr_t i = address >> INDEX_LEAF_SHIFT;

	if (__builtin_expect(i >= INDEX_ROOTS, 0))
		return 0;
	return (uint32_t *)__atomic_load_n(&index_state.root[i], __ATOMIC_RELAXED);
}

/* glibc's distance from a block to the next one; the low three bits are marks of its own. */
static inline uint64_t index_distance(uintptr_t address)
{
	return *(const uint64_t *)(address - 8) & ~7ull;
}

/* For the highest bit of what fills a granule: where the array begins, and log2 of its granule. */
struct index_class {
	uint32_t at, shift;
};
extern struct index_class index_classes[64] __attribute__((visibility("hidden")));

/* Without branches: sizes follow no pattern that a processor could foresee. */
static inline uint32_t *index_entry(uint32_t *leaf, uintptr_t address, uint64_t size)
{
	const struct index_class *class = &index_classes[63u - (unsigned)__builtin_clzll(size | 1)];

	return leaf + class->at + ((address & (INDEX_LEAF_SPAN - 1)) >> class->shift);
}

/* The entry of a block that the program's allocator has given out and not yet taken back. */
static inline uint32_t *index_own(uint32_t *leaf, uintptr_t address, uint64_t size)
{
	return index_entry(leaf, address, index_fine_shift == INDEX_GLIBC ? index_distance(address) : size);
}

static inline uint32_t index_slot(uint32_t entry)
{
	return entry & ((1u << INDEX_SLOT_BITS) - 1);
}

static inline int index_is(uint32_t entry, uintptr_t address)
{
	uint32_t slot = index_slot(entry);

	return slot && trace_block_address(state_block(slot)) == address;
}

/* The entry that leads to the block at `address`, 0 if it is not followed. */
static inline __attribute__((always_inline)) uint32_t *index_find(uintptr_t address)
{
	uint32_t *leaf = index_leaf(address);
	uintptr_t offset = address & (INDEX_LEAF_SPAN - 1);
	uint32_t *entry;

	if (!leaf)
		return 0;
	entry = leaf + INDEX_AT_FINE + (offset >> index_fine_shift);
	if (__builtin_expect(index_is(*entry, address), 1))
		return entry;
	entry = leaf + INDEX_AT_128 + (offset >> 7);
	if (index_is(*entry, address))
		return entry;
	entry = leaf + INDEX_AT_512 + (offset >> 9);
	if (index_is(*entry, address))
		return entry;
	entry = leaf + INDEX_AT_2048 + (offset >> 11);
	return index_is(*entry, address) ? entry : 0;
}
#endif
