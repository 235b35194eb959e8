/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PERF_MAP_H
#define LEAKSHIM_PERF_MAP_H
/*
 * Names of code that a runtime made, from the file that perf(1) reads them from: /tmp/perf-PID.map, or
 * perf-PID.map beside the trace. A line for each piece of code, start and size in hexadecimal:
 *   7f2bd5fe3fc0 3d8 JS:~serve /srv/app.js:12:5
 *
 * 1. Taken only from a plain file of the trace's owner, of ours or of root, last written after the program began:
 *    else it is another program's.
 * 2. A runtime may use a place again. An address that pieces of different names have covered has no name.
 * 3. Lines that are none are left out.
 */
#include "model.h"

struct perf_map;

/* Never 0; a map without pieces if there is no file. Lives in the pool. */
struct perf_map *perf_map_open(struct pool *pool, const struct model *m);

bool perf_map_is_empty(const struct perf_map *map);

/* The name of the code at an address, 0: not known. */
const char *perf_map_find(const struct perf_map *map, uint64_t address);
#endif
