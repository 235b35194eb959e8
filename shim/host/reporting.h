/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REPORTING_H
#define LEAKSHIM_REPORTING_H
/*
 * The analyzer, started by the shim to report on the process that it is in.
 *
 * Raw system calls only. Async-signal-safe, but for reporting_find.
 */
#include "guard.h"

/* Finds the analyzer that belongs to this library: beside it in a build tree or an installation. Called once. */
void reporting_find(void);

/* Is there one, and does a filter of system calls let it do its work? */
int reporting_possible(void);

/* Reports, because of `why` (exit, signal). Returns the analyzer's pid, or -1. */
long reporting_start(const char *why);

/* In a thread of ours, after a virtual machine has looked at its heap. */
void reporting_living(void);

/* In the scanning process, when it is done: reports, and ends. */
void reporting_attend(void);

/* The program is about to take system calls away from itself: where no report can be made any more, says so once, and where
 * the trace is. */
void reporting_before(const struct guard_future *next);

/* Tells where the trace is, where no report can be made, unless that was told. */
void reporting_say_where(void);
#endif
