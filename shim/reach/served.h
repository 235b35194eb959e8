/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_SERVED_H
#define LEAKSHIM_REACH_SERVED_H
/*
 * Memory whose missing pages a thread of the program supplies when they are touched (userfaultfd). That thread must not hear
 * of us: no page that is not there is touched, in the program or in a file that it shares, and no process is made by a copy
 * where it asked to hear of forks, for it would be waited for. Programs that got the descriptor without
 * syscall() are not known.
 */
#include "maps.h"
#include "unread.h"

/* In the program, before a copy of it is made. */
int reach_served_hears_forks(void);

/* In the scanning process: marks such mappings (REACH_MAP_FAULTS), and notes what of them was not there. */
void reach_served_find(struct reach_maps *maps, uint32_t pid, struct reach_unread *unread, struct reach_arena *arena);
#endif
