/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_RUNTIME_H
#define LEAKSHIM_RUNTIME_H
/*
 * Which blocks are libc's and ld.so's own: link maps, thread blocks, locale and name
 * service tables, stdio buffers. They are made once and kept for good by design, so
 * nobody who reads a report can release them.
 *
 * A Java virtual machine and the libraries of its JDK make tens of thousands more, which are theirs too; what Java code
 * asked them for is not.
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

/* Memory that Java code got from its virtual machine: direct buffers, Unsafe, java.util.zip. */
bool runtime_is_java_memory(const struct runtime_frame *frames, unsigned count);

/* The virtual machine's own: of it or of a library of its JDK, and not the above. */
bool runtime_is_java_machine(const struct runtime_frame *frames, unsigned count);
#endif
