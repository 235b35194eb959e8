/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WRITE_H
#define LEAKSHIM_WRITE_H
/* A trace that the analyzer makes itself: areas in memory, then one file. */
#include <stddef.h>
#include <stdint.h>
#include "trace.h"

struct write_area {
	unsigned char *data;
	size_t room; /* elements */
	uint32_t count, element;
};

struct trace_write {
	struct trace_header header;
	struct write_area areas[TRACE_AREAS];
};

/* Appends an element and returns its index, from 1 on. */
uint32_t write_add(struct trace_write *w, enum trace_area area, const void *element, uint32_t size);

/* Element i, until the next one is added. */
void *write_at(struct trace_write *w, enum trace_area area, uint32_t i);

/* Appends a string and its end; returns its TEXT index. */
uint32_t write_text(struct trace_write *w, const char *text);

/* Writes all to an open file. Returns 0, or -1 with errno. */
int write_file(struct trace_write *w, int fd);
void write_drop(struct trace_write *w);
#endif
