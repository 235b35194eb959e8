/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_PACE_H
#define LEAKSHIM_REACH_PACE_H
/*
 * What a look at the living program will take, foreseen before anything is done: for how long a copy holds it, by what the
 * last one took of the processor, and by how many want to run on each; and how much memory the scan needs.
 * Raw system calls only. Async-signal-safe.
 */
#include "trace.h"

/* How a look is taken. */
enum pace {
	PACE_COPY,  /* in a copy of one moment */
	PACE_IMAGE, /* that would take too long: in a copy that is taken while the program runs (image.h) */
	PACE_SHARE  /* there is no memory for one: in the program's own */
};

/* Fills in predicted_us. What is too dear in any way has a status afterwards. */
enum pace pace_of(struct trace_scan *scan);

/* A copy was made, and took so much of the processor. */
void pace_copied(uint64_t us);
#endif
