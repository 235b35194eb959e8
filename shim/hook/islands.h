/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_ISLANDS_H
#define LEAKSHIM_ISLANDS_H
/*
 * Islands: jumps to a cell that stand where a shortened jump lands.
 *
 * Where fewer than five bytes of a function may be written, the last bytes of the jump's displacement are what stands there
 * already, and only a window of addresses can be reached: 16 MiB for four bytes, 64 KiB for three, 256 bytes for two
 * (instruction punning, as E9Patch does it).
 *
 * Context: as poke.h.
 */
#include <stdint.h>

/* An island that jumps to `cell` and begins at an address from `low` to `high`. Returns its address, 0: none can be there. */
uintptr_t islands_make(uintptr_t low, uintptr_t high, uintptr_t cell);

/* Takes all islands away that jump to `cell`. */
void islands_drop(uintptr_t cell);
#endif
