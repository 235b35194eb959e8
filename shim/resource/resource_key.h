/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RESOURCE_KEY_H
#define LEAKSHIM_RESOURCE_KEY_H
/*
 * Timers have no address. The kernel numbers them; libc knows one that starts threads by half the address of a block of
 * its own, with the uppermost bit set. As resources they have a key in place of an address: one more than the
 * number, which no memory has, or the block.
 */
#include <stdint.h>

#define RESOURCE_KEY_NUMBERS 65535u

/* 0: it is not followed. */
static inline uintptr_t resource_key(uintptr_t word)
{
	if (word >> 63)
		return word << 1 >> 48 ? 0 : word << 1;
	return word < RESOURCE_KEY_NUMBERS ? word + 1 : 0;
}

static inline uintptr_t resource_key_word(uintptr_t key)
{
	return key <= RESOURCE_KEY_NUMBERS ? key - 1 : key >> 1 | 1ul << 63;
}
#endif
