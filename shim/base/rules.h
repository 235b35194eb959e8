/* SPDX-License-Identifier: MIT */
/*
 * Laws of code that lives in somebody else's process. Include this header last;
 * what must not be called does not compile below it.
 *
 * 1. Never hurt the host: a failure makes the shim step aside, with one line said once.
 *    No abort, no exit, no assertion that ends the process.
 * 2. errno survives every interposed call.
 * 3. No allocation through the interposed functions, no stdio, no getenv outside
 *    settings.c, no mmap outside area.c and index.c.
 * 4. No lock of ours is held across a call into code that is not ours.
 * 5. The loader is not entered from the hot path.
 * 6. Every drop is counted (enum trace_drop).
 */
#pragma GCC poison printf fprintf sprintf vprintf vfprintf fopen fclose fputs puts perror
#pragma GCC poison strdup strndup asprintf getline
#pragma GCC poison assert
