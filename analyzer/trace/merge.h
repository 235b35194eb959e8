/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_MERGE_H
#define LEAKSHIM_MERGE_H
/*
 * Models of several processes -> one trace, see struct trace_process in trace.h. What is equal by build id and offset is kept
 * once, without symbols: memory follows what differs, not the number of traces. Of single blocks only sums are left.
 */
#include "model.h"

struct merge;
struct merge *merge_open(void);

/* Takes over all that a model has; it may be dropped then. Returns 0, or -1 if it is of a Java virtual machine, whose
 * objects are not merged: nothing was taken then. */
int merge_add(struct merge *g, const struct model *m);

/* Writes the trace to an open file. Returns 0, or -1 with errno. */
int merge_write(struct merge *g, int fd);
void merge_close(struct merge *g);
#endif
