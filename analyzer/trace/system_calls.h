/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SYSTEM_CALLS_H
#define LEAKSHIM_SYSTEM_CALLS_H
/* Names of the system calls that the shim makes. */
#include <stdint.h>
#include "pool.h"

/* "fstat", or "system call 999" in the pool. */
const char *system_call_name(struct pool *p, uint32_t number);

/* The names of all numbers whose bit is set, with commas between them; NULL if none is. */
const char *system_call_names(struct pool *p, const uint64_t *bits, unsigned words);
#endif
