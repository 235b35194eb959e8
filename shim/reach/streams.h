/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_STREAMS_H
#define LEAKSHIM_STREAMS_H
/*
 * glibc has a list of all open streams, from the newest on, to flush them at the end. It holds no stream for the program: one that
 * nobody else knows can never be closed. It has another one of the streams of popen(), to wait for their processes.
 */
#include "cut.h"
#include "maps.h"

/* Finds the list. Once, where the loader may be asked. */
void reach_streams_start(void);

/* Takes the lists apart in the copy of the process that this is. */
void reach_streams_part(const struct reach_maps *maps);
#endif
