/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_READ_H
#define LEAKSHIM_READ_H
/*
 * Trace -> model. The only step that knows both; everything behind it can trust every
 * index (model.h, law 1).
 */
#include "model.h"

struct read_options {
	bool partial;         /* take what comes before damage */
	const char *copy_to;  /* also write what was read there; 0: no */
	int pid; /* of the process that writes it, as known here: it may be another inside */
};

/* Returns 0, or -1 after saying why. pool_drop(&m->pool) is due in both cases. */
int read_trace(struct model *m, const char *path, const struct read_options *how);
#endif
