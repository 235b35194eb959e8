/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_BALANCE_H
#define LEAKSHIM_BALANCE_H
/*
 * References that were taken and given back, by place in the code.
 */
#include "work.h"

/* For the shown leaks. */
void balance_add(struct work *w, struct diagnosis *d);
#endif
