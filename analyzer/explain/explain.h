/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_EXPLAIN_H
#define LEAKSHIM_EXPLAIN_H
/*
 * Diagnosis -> which line forgot: fills cause and explanation of its leaks and findings.
 *
 * Evidence: the ways that the code can take from where a block was made (walk.h), where its siblings were let go, what the
 * scan found about who holds it, how its thread and the process ended.
 *
 * Law: confidence is honest. One place and everything followed: certain; one place: likely; several, or something that
 * could not be followed: a guess; nothing: no place, and because says what was looked at.
 */
#include "model.h"
#include "symbols.h"

struct explain_options {
	unsigned milliseconds; /* for the whole report */
};

void explain(struct diagnosis *d, struct model *m, struct symbols *s, const struct explain_options *how);
#endif
