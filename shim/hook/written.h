/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WRITTEN_H
#define LEAKSHIM_WRITTEN_H
/*
 * The functions of a module that a name in a probe file means: a linker name, or a C++ name as a person writes it. In the
 * program itself also the copies that optimization made of them.
 *
 * Context: as exports.h.
 */
#include "exports.h"
#include "probe_file.h"

#define WRITTEN_MOST 32u

/* Fills `found` with up to WRITTEN_MOST functions. Returns their number. */
uint32_t written_find(struct exports *e, const struct probe_word *written, int is_users, struct exports_function *found);

/* Why a copy cannot be taken for the function itself; 0: it can. */
const char *written_unlike(const struct exports_function *found);
#endif
