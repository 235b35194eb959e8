/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_COMPARE_H
#define LEAKSHIM_COMPARE_H
/*
 * Leaks against those of before: a baseline that somebody accepted, or an older trace.
 *
 * A group is the same if its fingerprint is, and in a comparison of two traces its class: what became lost is
 * new there. It has grown if it counts more. A baseline is a
 * text file, one group a line: fingerprint, count, bytes, class, then for people who made it, and behind a # why it is
 * there; "until YYYY-MM-DD" in that ends it. It is sorted, so that a change reads well in a review.
 */
#include <stdio.h>
#include "model.h"

struct known;
struct baseline {
	struct known *groups; /* by fingerprint */
	bool by_class;        /* and class */
	bool is_rewritten;    /* what is over stays in it */
};

enum compare {
	COMPARE_KNOWN, /* not more than before */
	COMPARE_GROWN,
	COMPARE_NEW
};

/* Returns 0, or -1 after saying why. */
int baseline_read(struct baseline *b, const char *path);

/* What people wrote into the file at `path` stays with the same groups; it need not be there. Returns 0, or -1 after saying
 * why. */
int baseline_keep_reasons(struct baseline *b, const char *path);
int baseline_write(struct baseline *b, const char *path);
void baseline_drop(struct baseline *b);

/* Takes the groups of a report in; of several reports, the largest counts. */
void baseline_add(struct baseline *b, const struct diagnosis *d);

struct before {
	double count, bytes; /* 0: not known */
};

/* How a group stands to it, of which `count` are judged. */
enum compare baseline_compare(struct baseline *b, const struct leak *leak, double count, struct before *before);

/* Is the group in it? */
bool baseline_has(const struct baseline *b, const struct leak *leak);

/* Names the groups that were not met by baseline_compare, `most` of them, 0: all. */
void baseline_gone(const struct baseline *b, uint32_t most, FILE *to);
#endif
