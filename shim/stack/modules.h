/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_MODULES_H
#define LEAKSHIM_MODULES_H
/*
 * pc -> object file: its MODULE index in the trace and its unwind information.
 *
 * 1. The loader is asked by _dl_find_object only, which takes no lock; where libc lacks it, a
 *    list copied at the start and at modules_changed is used instead.
 * 2. Entries are only appended. An object that replaced another at the same address has an
 *    entry of its own; the old one gets its unloaded_us, and
 *    loses it if the very same object comes back there.
 * 3. modules_state.generation names the state of the list. It never repeats, also not across a fork;
 *    what was derived from another generation is dead.
 *
 * Context: modules_find: any thread, signal-safe behind the caller's busy flag, takes
 * modules_state.lock. modules_changed: outside signal handlers, with no lock of ours held.
 */
#include <stdint.h>
#include "cfi.h"
#include "state.h"

/* A fork wipes this. */
struct modules_part {
	uint32_t lock;
	uint32_t generation; /* of the module list; stale cached rules have another */
};
#define modules_state STATE_PART(modules)
STATE_PART_FITS(modules);

/* The module of pc. Returns its MODULE index, 0 if pc lies in none (source->header is 0 then). */
uint32_t modules_find(uintptr_t pc, struct cfi_source *source);

/* A trace begins: nothing is known. Returns 0 or -errno. */
int modules_start(void);

/* Objects were unloaded, or loaded where others had been. */
void modules_changed(void);
#endif
