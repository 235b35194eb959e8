/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_MERGING_H
#define LEAKSHIM_MERGING_H
/* Many traces -> one file. One trace is in memory at a time, beside what they have in common. */
#include <stdbool.h>
#include <stddef.h>

enum merging {
	MERGING_ALL,
	MERGING_SOME, /* not all could be read, which was said; the others are there */
	MERGING_NONE, /* there is no file, which was said */
	MERGING_NEVER /* one is of a Java virtual machine, which was said: there is no file */
};

/* Makes a new file; an existing one is never touched. */
enum merging merging_file(const char *target, char **paths, int count);

/* Names a new file of its own in `target`, to be removed by the caller. unread: by path, whether it could not be read. */
enum merging merging_temporary(char *target, size_t size, char **paths, int count, bool partial, bool *unread);
#endif
