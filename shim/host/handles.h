/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_HANDLES_H
#define LEAKSHIM_HANDLES_H
/*
 * What libc keeps for a caller until he gives it back, and what is no block of his: threads (joins.h), loaded libraries, named
 * semaphores, timers. Each kind is a type of resources of its own.
 *
 * Wrappers have the same arguments, results, errno and cancellation as what they wrap.
 */
#include <stdint.h>
#include "live.h"
#include "resource.h"

/* The caller of the function this is used in. */
#define CALLER() live_caller(__builtin_frame_address(0))

/* Called once, from the constructor, after resource_start. */
void handles_start(void);

/* Makes `count` lines from resource_probes[first] on known; all are of the type of the first. */
void handles_declare(const struct probe_type *type, const struct probe_line *lines, uint32_t first, uint32_t count);

int handles_are_followed(void);

/* Something was done to what has that address, by the function of that probe; `named` is the one whose name tells what is
 * lacking as long as it was not called. */
void handles_event(uintptr_t address, uint32_t probe, uint32_t named, uint64_t size, const struct live_caller *from);
#endif
