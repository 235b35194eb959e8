/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_H
#define LEAKSHIM_REACH_H
/*
 * Which blocks can the program still reach? A conservative scan, in a process made for it.
 *
 * 1. It runs in a copy of the program made by a raw clone: what it reads stands still, and what goes
 *    wrong ends the copy only. The parent is the program itself; it takes the cut (snapshot.c).
 *    Where a copy would take too long, it shares the program's memory instead (is_shared), looks several
 *    times, and gives up if memory goes away under its eyes.
 * 2. All the scan knows is in struct reach_cut. state, threads and the index are not there.
 * 3. It calls nothing of libc that allocates, locks or uses thread data. It reads no memory that
 *    /proc/self/maps does not name as readable; mapped files, which can be cut under our feet,
 *    are read through the kernel.
 * 4. A word that holds the start of a block makes it reachable; a word that points into its inside
 *    makes it possible only, but for some idioms (idioms.h). So does one past the end of what may be
 *    nothing but a head, if it stands in the program's data.
 */
#include "cut.h"

/* Scans and writes the verdicts and the rest of cut->scan, its status last. */
void reach_run(struct reach_cut *cut);
#endif
