/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REPORTING_H
#define LEAKSHIM_REPORTING_H
/*
 * The analyzer, started by the shim to report on the process that it is in.
 *
 * Raw system calls only. Async-signal-safe, but for reporting_find.
 */
#include "guard.h"
#include "state.h"

/* A fork wipes this. */
struct reporting_part {
	uint32_t reporter; /* the process that makes a report which was asked for, 0: not known yet */
	uint64_t since;    /* when it was asked for (state_now) */
};
#define reporting_state STATE_PART(reporting)
STATE_PART_FITS(reporting);

/* Finds the analyzer that belongs to this library: beside it in a build tree or an installation. Called once. */
void reporting_find(void);

/* Is there one, and does a filter of system calls let it do its work? */
int reporting_possible(void);

/* Reports, because of `why` (exit, signal, check; joined: of what the program will be asked for first). Returns the analyzer's
 * pid, or -1. */
long reporting_start(const char *why);

/*
 * A report was asked for by signal. Returns 1 if one is being made: then this request is joined with all others that come until
 * its end, into one more, which whoever makes the first one makes after it. Else the caller has to make it: one of the
 * next four.
 */
int reporting_joins(void);

/* Was one asked for that nobody makes yet? */
int reporting_is_due(void);

/* By this scanning process. */
void reporting_by(uint32_t pid);

/* Here and now, of the classes that there are. */
void reporting_living(void);

/* The same, after asking the program for a scan: another one was under way. */
void reporting_later(void);

/* In the scanning process, when it is done: reports, and ends. */
void reporting_attend(void);

/* The same for a check that the program asked for, which is no request. */
void reporting_attend_check(void);

/* The process ends: was a report asked for that nobody is about to write? */
int reporting_is_owed(void);

/*
 * The process ends, and its report answers all. One that is still being made is given up, and does not hold up the end. Only for
 * one that is being written already it waits, so that one comes after the other: for as long as a write takes.
 */
void reporting_last(int is_waited);

/* The program is about to take system calls away from itself: where no report can be made any more, says so once, and where
 * the trace is. */
void reporting_before(const struct guard_future *next);

/* Tells where the trace is, where no report can be made, unless that was told. */
void reporting_say_where(void);
#endif
