/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_AREA_H
#define LEAKSHIM_AREA_H
/*
 * The mapped trace file and its growing arrays.
 *
 * 1. The file is reserved as one sparse mapping when tracing starts; no descriptor is kept.
 * 2. A page is made present (MADV_POPULATE_WRITE) before an index in it is handed out,
 *    so that a full disk is an error code here and never a SIGBUS in the program.
 * 3. Elements are never moved. area_take never returns 0 except for "no space".
 *
 * Context: any thread, any time after area_open; async-signal-safe apart from the lock,
 * which the caller's busy flag protects against re-entry on the same thread.
 * After fork the state here is wiped to zero in the child (state.h).
 */
#include <stddef.h>
#include <stdint.h>
#include "layout.h"

/*
 * Creates the trace file (0600, O_EXCL, O_NOFOLLOW) and maps it.
 * `path` is absolute. Returns 0 or -errno; on failure nothing is mapped.
 */
int area_open(const char *path);

/* Unmaps the trace and forgets it; used when tracing stops for good. */
void area_close(void);

/* Cuts the file to what is used. `path` as given to area_open. Harmless if the file is gone. */
void area_trim(const char *path);

/* Gives back what is reserved for later growth, but for `least` bytes in all and some room. */
void area_shrink(uint64_t least);

/* Hands out `count` consecutive new elements, zeroed. Returns the first index; 0: no space. */
uint32_t area_take(enum trace_area which, uint32_t count);

/* Makes the elements below `count` exist, without their pages. Returns 0 or -errno. */
int area_reserve(enum trace_area which, uint64_t count);

/* The same for a caller that may have interrupted one who holds the lock: -EAGAIN after some yields. */
int area_reserve_within(enum trace_area which, uint64_t count, int yields);

/* In the process that fills them: makes the chunks of `which` in a room that area_reserve left. Returns 0 or -errno. */
int area_divide(struct trace_chunk *room, enum trace_area which, uint32_t per_chunk);

/* Makes the pages of what lies in the trace present. Returns 0 or -errno. */
int area_present(void *at, size_t size);

/* Appends a string of `size` bytes and a 0. Returns its TEXT index; 0: no space. */
uint32_t area_text(const char *text, size_t size);

/* Called when the lock of the areas is free again and state.deferred says that somebody waited for it. The floor above
 * that sets state.deferred registers it first. */
extern void (*area_deferred)(void) __attribute__((visibility("hidden")));

/* A private anonymous mapping for the shim's own tables: NORESERVE, not in core dumps.
 * `wipe` asks for zeroed pages in a fork child; otherwise the child does not have the
 * mapping at all. Returns 0 on failure. */
void *area_private(size_t size, int wipe);
/* Reserves private memory from which area_private takes when the kernel can no longer be asked. */
void area_spare(void);
void area_private_free(void *at, size_t size);
/* Gives the end of one back. */
void area_private_shrink(void *at, size_t size, size_t left);

/* The private mappings there are, for a scan that shares our memory. start 0: none in this place. */
#define AREA_PRIVATES 4096u
struct area_range {
	uintptr_t start, size;
};
extern struct area_range area_privates[AREA_PRIVATES] __attribute__((visibility("hidden")));

#endif
