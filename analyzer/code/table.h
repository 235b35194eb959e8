/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TABLE_H
#define LEAKSHIM_TABLE_H
/*
 * Where a jump by a table leads, as compilers make one of a switch: 4-byte distances from the table, or 8-byte addresses.
 * Only what stays within the function counts.
 */
#include "decode.h"

#define TABLE_MOST 256u

/* Different addresses, ascending. Returns how many; 0: it is no such jump, or its table was not found. */
unsigned table_targets(struct code *c, const struct insn *jump, uint64_t *targets, unsigned max);
#endif
