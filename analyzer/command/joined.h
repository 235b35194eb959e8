/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JOINED_H
#define LEAKSHIM_JOINED_H
/*
 * Reports that the shim has us make because of a signal: one after the other.
 *
 * 1. Of one process only one is made at a time. Requests that come meanwhile are counted in its trace, and all of them are
 *    answered by one more, which is made after that, of a state that it asks for first: no request is lost.
 * 2. Of the processes whose traces lie in one folder, one report is made at a time. Who holds that up for JOINED_TURN_MS is not
 *    waited for any more.
 * 3. When the process has ended with a report of its own, that one answers all: none that was not begun to be written is any more.
 */
#include "options.h"

#define JOINED_TURN_MS 60000

/* Waits for its turn, and asks for a new state where requests were joined. Returns how many of them this report answers
 * together, or the one of a process's end beside that; 0 where there is nothing to say of that. */
unsigned joined_begin(const struct options *o);

/* From now on the report is written, unless that is up to the end's by now: then it is dropped, and this does not return. */
void joined_tell(const struct options *o);

/* The report is written. Does not return if more requests came meanwhile and the next one is begun. */
void joined_end(const struct options *o);
#endif
