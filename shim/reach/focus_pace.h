/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FOCUS_PACE_H
#define LEAKSHIM_FOCUS_PACE_H
/*
 * What following blocks may take of the program's time: 300 ms at first, then a sixteenth for searching and a sixteenth for
 * looking at events. The program's time is that of its processors, so that a server on a busy machine is left its part; of
 * one that sleeps much it is an eighth of all time.
 */
#include <stdint.h>

#define PACE_AT_ONCE 300000000ull /* nanoseconds */

struct focus_pace {
	uint64_t began, began_cpu;
	uint64_t spent;    /* nanoseconds of searching */
	uint64_t looked;   /* at events, as some of them tell */
	uint32_t events;
	uint32_t passed;   /* only one event in 2^passed is looked at */
	uint32_t refusals; /* to search, since it was last allowed */
	uint32_t slow;     /* searches that took long */
};

void pace_start(struct focus_pace *p);

/* May all memory be searched? */
int pace_may_search(struct focus_pace *p);

/* A search took nanoseconds. */
void pace_searched(struct focus_pace *p, uint64_t took);

/* For what only makes an answer better. */
static inline int pace_has_time_to_spare(const struct focus_pace *p)
{
	return p->spent < PACE_AT_ONCE / 3;
}

/* Do searches take long here? */
int pace_is_slow(const struct focus_pace *p);

/* Another event: is it one of those that are not looked at? */
static inline int pace_is_passed(struct focus_pace *p)
{
	return (++p->events & ((1u << p->passed) - 1)) != 0;
}

/* Some events are timed, for all. Returns when this one began, 0: it is not timed. */
uint64_t pace_begin_event(const struct focus_pace *p);
void pace_end_event(struct focus_pace *p, uint64_t begun);
#endif
