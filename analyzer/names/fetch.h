/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FETCH_H
#define LEAKSHIM_FETCH_H
/*
 * Debug information that lies apart: below /usr/lib/debug, and on the servers in DEBUGINFOD_URLS, which libdw asks. A server
 * that keeps us waiting is not asked again.
 */
#include <elfutils/libdwfl.h>
#include <stdbool.h>

/* Before the first file is opened. `allowed`: the servers may be asked at all. */
void fetch_begin(bool allowed);

/* As dwfl_standard_find_debuginfo. */
int fetch_debuginfo(Dwfl_Module *mod, void **data, const char *name, Dwarf_Addr base, const char *file, const char *link,
		    GElf_Word crc, char **found);
#endif
