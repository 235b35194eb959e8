/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_BY_HAND_H
#define LEAKSHIM_BY_HAND_H
/*
 * What the program says itself, through leakshim.h: objects, operations on them, hints, scopes.
 *
 * 1. Types and probes lie at the upper ends of the tables in resource.h and live as long as the process.
 * 2. Names that were seen are found again in a table that a fork child finds zeroed, as its trace is new.
 * 3. Whatever the program says, the trace stays bounded: names, hints, scopes and types have limits,
 *    and each limit is said once, as a PROBLEM.
 *
 * Context: calls of the program, any thread; under the thread's busy flag where something is kept.
 */
#include <stdint.h>

/* Called once from the constructor, after resource_start. */
void by_hand_start(void);

/* The HINT index of a word, 0: there is none. The caller has entered its thread's state. */
uint32_t by_hand_hint(const char *hint);
#endif
