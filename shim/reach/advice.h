/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_ADVICE_H
#define LEAKSHIM_ADVICE_H
/*
 * What the program asked the kernel not to copy (MADV_DONTFORK), as far as it asked through libc. A scan in a copy that may
 * not look at the program, because that has changed its user or said that it wants no dump, learns it from here.
 */
#include "cut.h"

#define ADVICE_RANGES 64u /* what finds no place makes the last one longer */

extern struct reach_region advice_not_copied[ADVICE_RANGES] __attribute__((visibility("hidden")));
extern uint32_t advice_count __attribute__((visibility("hidden")));
#endif
