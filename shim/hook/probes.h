/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROBES_H
#define LEAKSHIM_PROBES_H
/*
 * Probe files -> patched functions -> events for resource.c.
 *
 * 1. Nothing is patched but functions that a probe file names, in modules that its lib= names.
 * 2. A function has one cell, however many lines name it.
 * 3. Modules are looked at when the loader has mapped them and before it runs anything in them:
 *    at the start, and whenever the loader calls its r_brk, which is patched for that.
 *
 * Context: probes_start in the constructor. The handlers run in any thread inside patched
 * functions; see thunk.h for what they may use.
 */

/* Reads the catalog and `files` (comma separated), patches what is loaded. Tracing has begun,
 * and no other thread runs. Never fails loudly: what did not work is in the trace. */
void probes_start(const char *files);
#endif
