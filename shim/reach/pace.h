/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_PACE_H
#define LEAKSHIM_REACH_PACE_H
/*
 * What a look at the living program will take, foreseen before anything is done: for how long a copy holds it, by what the
 * last one took of the processor, and by how many want to run on each; and how much memory the scan needs.
 * Raw system calls only. Async-signal-safe.
 */
#include "trace.h"

/* Fills in predicted_us. Is a copy too dear, in time or in what the program would write to while it lasts? What is too dear
 * without one as well has a status afterwards. */
int pace_is_to_share(struct trace_scan *scan);

/* A copy was made, and took so much of the processor. */
void pace_copied(uint64_t us);
#endif
