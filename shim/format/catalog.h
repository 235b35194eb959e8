/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CATALOG_H
#define LEAKSHIM_CATALOG_H
/*
 * The probe files of shim/catalog, compiled into the shim and into the analyzer
 * (catalog/embed.py writes the table), so that neither has to find them on a disk.
 */

#include <string.h>

struct catalog_file {
	const char *name;  /* "glib.probes" */
	const char *globs; /* its lib= values, each with its 0, an empty one at the end */
	const char *text;  /* without comments, with all lines */
};

extern const struct catalog_file catalog_files[];
extern const unsigned catalog_count;

/* The same for Java (java_probes.h). */
extern const struct catalog_file catalog_java[];
extern const unsigned catalog_java_count;

/* What runtimes of languages make for themselves (analyzer/names/languages.h). */
extern const struct catalog_file catalog_runtimes[];
extern const unsigned catalog_runtime_count;

/* Read only when asked for by name (probes=libc-io,cpython): reading and writing is followed for
 * hints only, and an interpreter's objects come by the million and are all alive when it ends. */
static inline int catalog_on_request(const char *name)
{
	return !strcmp(name, "libc-io.probes") || !strcmp(name, "cpython.probes");
}

#endif
