/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JOINS_H
#define LEAKSHIM_JOINS_H
/*
 * Threads are resources: one that was made joinable keeps its stack and its thread-local variables until somebody joins or
 * detaches it. Wrappers of the calls that do these things; same arguments, results, errno and cancellation.
 */

/* Called once, from the constructor, after resource_start. */
void joins_start(void);
#endif
