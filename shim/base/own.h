/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OWN_H
#define LEAKSHIM_OWN_H
/*
 * Who we are: the kernel's numbers of this process and thread. Where a filter keeps us from asking, the thread's number is
 * read from its descriptor, where glibc keeps it, and the process's is the last one known. Async-signal-safe.
 */
#include <stdint.h>

/* Looks where the descriptor of the calling thread, the first one, has its number. */
void own_start(void);

uint32_t own_pid(void);
uint32_t own_tid(void);

/* As own_pid, in the child of a fork. */
uint32_t own_pid_of_child(void);

/* Where in a thread's descriptor its number stands, 0: not known. */
uint32_t own_tid_offset(void);

/* Are descriptors musl's? */
int own_is_musl(void);
#endif
