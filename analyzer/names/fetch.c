/* SPDX-License-Identifier: MIT */
/* Debug information that lies apart: see fetch.h. */
#include "fetch.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define URLS "DEBUGINFOD_URLS"
#define PATIENCE "DEBUGINFOD_TIMEOUT" /* seconds without a sign of life */
#define PATIENCE_USUAL "5"

void fetch_begin(bool allowed)
{
	if (!allowed)
		unsetenv(URLS);
	setenv(PATIENCE, PATIENCE_USUAL, 0);
	setenv("DEBUGINFOD_RETRY_LIMIT", "0", 0);
	if (isatty(STDERR_FILENO))
		setenv("DEBUGINFOD_PROGRESS", "1", 0);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void give_up(double waited)
{
	fprintf(stderr, "leakshim: " URLS ": no answer in %.0f s; nothing more is asked there, and some lines may be missing "
			"(" PATIENCE " sets the seconds to wait)\n", waited);
	unsetenv(URLS);
}

int fetch_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base, const char *file, const char *link,
		    GElf_Word crc, char **found)
{
	const char *patience = getenv(PATIENCE);
	double began = now(), most = patience ? atof(patience) : 0;
	int fd = dwfl_standard_find_debuginfo(mod, data, name, base, file, link, crc, found);

	if (fd < 0 && most > 0 && getenv(URLS) && now() - began >= most)
		give_up(now() - began);
	return fd;
}
