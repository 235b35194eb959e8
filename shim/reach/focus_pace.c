/* SPDX-License-Identifier: MIT */
/* How much of the program's time is taken: see focus_pace.h. */
#include "focus_pace.h"

#include <sys/syscall.h>
#include <time.h>

#include "state.h"
#include "sys.h"

#define SLOW 10000000ull /* nanoseconds of one search */
#define SLOW_MOST 6u
#define SEARCH_SHARE 16
#define EVENT_SHARE 16
#define AWAKE_PART 8
#define TIMED 64u
#define PASSED_MOST 8u

/* The vDSO would make a system call of it that no filter was asked about. 0: it may not be made. */
static uint64_t own_time_ns(void)
{
	struct timespec now = {0, 0};

	sys_call3(SYS_clock_gettime, CLOCK_PROCESS_CPUTIME_ID, (long)&now, 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void pace_start(struct focus_pace *p)
{
	p->began = state_clock_ns(CLOCK_MONOTONIC);
	p->began_cpu = own_time_ns();
}

static uint64_t elapsed_time(const struct focus_pace *p)
{
	uint64_t own = own_time_ns() - p->began_cpu;
	uint64_t all = (state_clock_ns(CLOCK_MONOTONIC) - p->began) / AWAKE_PART;

	return own > all ? own : all;
}

/* Asked again after some refusals only: the clock costs more than all else here. */
int pace_may_search(struct focus_pace *p)
{
	uint64_t elapsed;

	if (p->refusals && p->refusals++ % 64)
		return 0;
	elapsed = elapsed_time(p);
	p->refusals = p->spent >= PACE_AT_ONCE + elapsed / SEARCH_SHARE;
	return !p->refusals;
}

void pace_searched(struct focus_pace *p, uint64_t took)
{
	p->spent += took;
	p->slow += took > SLOW;
}

int pace_is_slow(const struct focus_pace *p)
{
	return p->slow >= SLOW_MOST;
}

uint64_t pace_begin_event(const struct focus_pace *p)
{
	return (p->events >> p->passed) % TIMED ? 0 : state_clock_ns(CLOCK_MONOTONIC) - p->spent;
}

void pace_end_event(struct focus_pace *p, uint64_t begun)
{
	uint64_t now = begun ? state_clock_ns(CLOCK_MONOTONIC) : 0, allowed;

	if (!begun)
		return;
	p->looked += (now - p->spent - begun) * TIMED;
	allowed = PACE_AT_ONCE + elapsed_time(p) / EVENT_SHARE;
	if (p->looked > allowed && p->passed < PASSED_MOST)
		p->passed++;
	else if (p->looked < allowed / 2 && p->passed)
		p->passed--;
}
