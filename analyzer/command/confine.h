/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CONFINE_H
#define LEAKSHIM_CONFINE_H
/*
 * Filters of system calls (seccomp) that this command lives under, and whatever it starts as well: a child tries
 * what the shim will do, and whether it lives to tell. What the shim is told of that: shim/base/guard.h.
 */

/* Sets LEAKSHIM_FILTERS to the number of filters if they do not kill for what the shim does, else takes it away. */
void confine_tell(void);
#endif
