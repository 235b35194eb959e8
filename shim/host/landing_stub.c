/* SPDX-License-Identifier: MIT */
/* No stack of ours is known how to get to here. */
#include "landing.h"
#include "rules.h"

uint64_t *landing_taken;

void landing_report(int number, siginfo_t *info, void *context)
{
	landing_on_report(number, info, context);
}

void landing_fatal(int number, siginfo_t *info, void *context)
{
	landing_on_fatal(number, info, context);
}
