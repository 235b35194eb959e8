/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LIMITS_H
#define LEAKSHIM_LIMITS_H
/*
 * Limits of address space that a program sets itself (RLIMIT_AS, RLIMIT_DATA) count what the shim has reserved. So the kernel's
 * limit is the program's and what is ours, of which the shim gives back what it will not need; the program reads its own. What
 * it becomes by exec gets the program's.
 */

/* Before an exec, and after it failed. */
void limits_exec(void);
void limits_exec_failed(void);
#endif
