/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_COMPARE_H
#define LEAKSHIM_COMPARE_H
/*
 * Leaks against those of before: a baseline that somebody accepted, or an older trace.
 *
 * A group is the same if its fingerprint is; it has grown if it counts more. A baseline is a
 * text file, one group a line: fingerprint, count, bytes, class, then for people who made it.
 * It is sorted, so that a change reads well in a review.
 */
#include <stdio.h>
#include "model.h"

struct known;
struct baseline {
	struct known *groups; /* by fingerprint */
};

enum compare {
	COMPARE_KNOWN, /* not more than before */
	COMPARE_GROWN,
	COMPARE_NEW
};

/* Returns 0, or -1 after saying why. */
int baseline_read(struct baseline *b, const char *path);
int baseline_write(struct baseline *b, const char *path);
void baseline_drop(struct baseline *b);

/* Takes the groups of a report in; of several reports, the largest counts. */
void baseline_add(struct baseline *b, const struct diagnosis *d);

/* How a group stands to it; `before` becomes the count that was known. */
enum compare baseline_compare(struct baseline *b, const struct leak *leak, double *before);

/* Names the groups that were not met by baseline_compare. Returns how many. */
unsigned baseline_gone(const struct baseline *b, FILE *to);
#endif
