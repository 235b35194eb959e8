/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SNAPSHOT_H
#define LEAKSHIM_SNAPSHOT_H
/*
 * Taking the cut: one moment of the program, in a process of its own that scans it (reach.h).
 *
 * 1. Raw system calls only; no lock of malloc, the loader or stdio. Async-signal-safe.
 * 2. While a scan of the living is under way, frees leave their entries (TRACE_FAMILY_GONE), for the
 *    scan sees the heap of the cut, but the blocks of now (live.c).
 * 3. No ptrace, no helper thread (tasks.h); nothing that the program's wait finds (scanner.h).
 */
#include <stdint.h>
#include "cut.h"
#include "state.h"

/* A fork wipes this. */
struct snapshot_part {
	uint32_t scanning; /* a cut is being taken */
	uint32_t leaving;  /* processes of ours that just leave the program's table of descriptors (clone.h) */
	uint32_t shared_pid; /* of a scan that shares our memory, */
	void *shared_stack, *shared_tasks; /* and what it works on */
	uint64_t shared_tasks_size;
	uint32_t attendant; /* the latest process that was made to scan and then go on with something */
};
#define snapshot_state STATE_PART(snapshot)
STATE_PART_FITS(snapshot);

/* Learns what the loader alone can say now. Called once, from the constructor, with the address of main's argv. */
void snapshot_start(uintptr_t arguments);

/* The process ends: scans and waits for it. */
void snapshot_at_end(const struct snapshot_here *here);

/* The process did not end after all: what its scan found is taken back, for what is made from now on was not looked at. */
void snapshot_no_end(void);

/* Scans the living process. `then` runs in the scanning process when it is done. Returns 0, or
 * -1 if no process could be made or one is still scanning. */
int snapshot_live(const struct snapshot_here *here, void (*then)(void), int is_waited);

/* Takes the cut that a signal handler could not take, because the thread that it interrupted held
 * the trace's lock. Returns what snapshot_live would, 1 if there was none to take. */
int snapshot_deferred(void);

/* The scan that was under way is over; called from time to time while live_state.cut is set. */
void snapshot_poll(void);

/* Waits for the scan that snapshot_live began, and for what comes after it, at most `ms` milliseconds.
 * Returns it, 0 if it is not over. */
const struct trace_scan *snapshot_wait(int ms);

/* A descriptor was closed while snapshot_state.leaving or live_state.cut is set: waits, not for long, until no process of ours makes the
 * kernel refer to open files of the program. */
void snapshot_wait_for_files(void);

/* A root region: added, or taken back. Returns 0, or -1: no place, or not found. */
int snapshot_region(uintptr_t start, uintptr_t size, int add);
/* Did the latest scan find nothing lost, and was nothing done wrong? */
int snapshot_is_clean(void);
#endif
