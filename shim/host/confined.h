/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CONFINED_H
#define LEAKSHIM_CONFINED_H
/* What we do needs these system calls: would a filter let them pass? */
#include "guard.h"

enum confined {
	CONFINED_REPORT,   /* starting the analyzer, and all that it calls; those that fail are none that kill */
	CONFINED_MEMORY,   /* more private memory */
	CONFINED_HANDLERS /* a signal handler of ours that ends the program as the signal would have */
};

/* next: what will be in force; 0: what is. */
int confined_lets(const struct guard_future *next, enum confined what);
#endif
