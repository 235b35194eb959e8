/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_FAULTS_H
#define LEAKSHIM_REACH_FAULTS_H
/*
 * A load that fails in spite of what the list of mappings says: a page with a hardware error, a huge page that the
 * pool has no more, a file that became shorter, a guard inside a mapping (MADV_GUARD_INSTALL). An empty page takes its
 * place in the copy, and the scan goes on; what the page may have held is noted as unread.
 * Only in a copy of the program: its memory is not the program's.
 */
#include "unread.h"

void reach_faults_start(struct reach_unread *unread, const struct reach_maps *maps);
#endif
