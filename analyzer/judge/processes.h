/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROCESSES_H
#define LEAKSHIM_PROCESSES_H
/* In how many processes of a merged trace the blocks of a group were alive. */
#include "work.h"

void processes_count(struct work *w, struct diagnosis *d);
#endif
