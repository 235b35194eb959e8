/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_LEFT_H
#define LEAKSHIM_REACH_LEFT_H
/*
 * How much memory the machine has left, and the control groups that the process is in, version 1 or 2.
 * Raw system calls only. Async-signal-safe.
 */
#include <stdint.h>

/* Bytes that could be had; UINT64_MAX: not known. What a group has in files that nobody uses counts as left. */
uint64_t left_memory(void);
#endif
