/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_BLOCKING_H
#define LEAKSHIM_BLOCKING_H
/*
 * Wrappers of the calls in which threads wait; see blocking.c. Until blocking_start has looked the
 * real ones up they make the system call themselves.
 */

/* Called once, from the constructor. */
void blocking_start(void);
#endif
