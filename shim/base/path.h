/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PATH_H
#define LEAKSHIM_PATH_H
/*
 * Names of files. Context: any.
 */
#include <string.h>

/* The last part of a path; all of it where nothing follows its last slash. */
static inline const char *path_file(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}
#endif
