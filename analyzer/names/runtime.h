/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RUNTIME_H
#define LEAKSHIM_RUNTIME_H
/*
 * Which blocks are libc's and ld.so's own: link maps, thread blocks, locale and name
 * service tables, stdio buffers. They are made once and kept for good by design, so
 * nobody who reads a report can release them.
 *
 * What libc hands to its caller (strdup, getline, fopen, getaddrinfo) is the program's.
 */
#include "model.h"

struct runtime_frame {
	const struct module *module; /* 0: code without a file */
	const char *function;        /* 0: unknown */
};

bool runtime_is_system(const struct module *module);

/* frames: innermost first, without the allocator's own; whole stack. */
bool runtime_owns(const struct runtime_frame *frames, unsigned count);
#endif
