/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TEXT_FOLD_H
#define LEAKSHIM_TEXT_FOLD_H
/*
 * Groups of one report that a person need not read each: made below the same call of the same function of the program's own,
 * for the same cause and with the same place where the release is missing (where none is known: below the same line). The
 * first of them, which is the largest, stands for the others. Counted objects, which have names, each stand for themselves.
 */
#include "report.h"

struct fold; /* by leak */

/* Of the first `count` leaks. For free(). */
struct fold *text_fold(const struct diagnosis *d, uint32_t count);

/* Does an earlier one stand for it? */
bool text_fold_is_hidden(const struct fold *folds, uint32_t leak);

/* The line about those that this one stands for, if any. */
void text_fold_print(FILE *to, const struct diagnosis *d, const struct fold *folds, uint32_t leak);
#endif
