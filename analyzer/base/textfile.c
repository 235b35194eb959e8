/* SPDX-License-Identifier: MIT */
/* A file of somebody's words: see textfile.h. */
#include "textfile.h"

#include <errno.h>
#include <sys/stat.h>

FILE *textfile_open(const char *path)
{
	FILE *file = fopen(path, "re");
	struct stat st;

	if (!file || fstat(fileno(file), &st) || !S_ISDIR(st.st_mode))
		return file;
	fclose(file);
	errno = EISDIR;
	return NULL;
}
