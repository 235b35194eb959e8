/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SOURCES_H
#define LEAKSHIM_SOURCES_H
/*
 * The probe files: the user's, read at once, and the catalog's, read when a module is seen that they speak of.
 *
 * Context: as hooks.h. Nothing is ever taken back.
 */
#include <stdint.h>
#include "probe_file.h"

#define SOURCES 64u

/* A probe file: its text, and what was read from it once a module of it was seen. */
struct probe_source {
	const char *name, *text;
	uint32_t size;
	int is_users;
	int is_read;
	uint32_t type_first, types, probe_first, probes;
};

extern struct probe_source sources[SOURCES] __attribute__((visibility("hidden")));
extern uint32_t sources_used __attribute__((visibility("hidden")));

/* Of all that were read; a source has a piece of each. */
extern struct probe_type sources_types[] __attribute__((visibility("hidden")));
extern struct probe_line sources_probes[] __attribute__((visibility("hidden")));

/* Reads the user's files, a list with commas, and lists the catalog. */
void sources_start(const char *list);

void sources_read(struct probe_source *source);

/* Does a catalog file speak of a module with this name? */
int sources_concern(const struct probe_source *source, const char *name);

/* A message about a source, as the parser has them, becomes a PROBLEM of the trace. */
void sources_problem(void *source, uint32_t line, uint32_t column, enum probe_gravity gravity, const char *text);

/* A lasting copy: the name of a module dies with it. */
const char *sources_keep(const char *text);
#endif
