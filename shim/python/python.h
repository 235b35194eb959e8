/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PYTHON_H
#define LEAKSHIM_PYTHON_H
/*
 * CPython in the process: which of its functions, at which lines, made the blocks that are watched (release.h).
 *
 * 1. Only watched blocks and two of the first ones of a site are looked at, of a site the first PYTHON_FIRST and then one
 *    in PYTHON_EACH, and of all at most PYTHON_CREDIT at once and one in PYTHON_EARN_US: every other allocation pays nothing.
 * 2. Frames are read, never run. Of the interpreter only the two functions are called that say which thread state is the
 *    calling thread's. Words are read through the kernel, which cannot fault, until the layout has proved right.
 * 3. The layouts of 3.11, 3.12 and 3.13 are known; another version, or memory that looks otherwise, is left alone, with a
 *    reason in the trace.
 * 4. What is kept is bounded: TRACE_PYTHON_KEPT frames of a block, PYTHON_LIVING living blocks of a site.
 *
 * Context: said at each function.
 */
#include <link.h>
#include <stdint.h>

#define PYTHON_LIVING 32u
#define PYTHON_FIRST 16u
#define PYTHON_EACH 4u
#define PYTHON_CREDIT 8192u
#define PYTHON_EARN_US 256u

/* A module is there: is it an interpreter? Where the list of modules does not change; not from signal handlers. */
void python_module(const struct link_map *map);

/* It is unloaded; what `map` points at is gone already. */
void python_module_gone(const struct link_map *map);
#endif
