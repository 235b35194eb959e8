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

/* Each can be left out, so that scripts/score-diagnosis can tell what it is worth. */
enum evidence {
	EVIDENCE_SIBLINGS, /* where others from the same place were let go */
	EVIDENCE_LOSS,     /* what a look with the leaks in focus saw: who held them last, and when nobody did any more */
	EVIDENCE_WAYS,     /* the ways through the machine code */
	EVIDENCE_BALANCE,  /* counts of references, in records and in the code */
	EVIDENCE_SCAN,     /* what the scan found to lead to what */
	EVIDENCE_THROWS,   /* exceptions that were under way */
	EVIDENCE_STEPS,    /* where lost ones left the ways of released ones, followed step by step */
	EVIDENCES
};
extern const char *const evidence_names[EVIDENCES + 1]; /* 0 at the end */

struct explain_options {
	unsigned milliseconds; /* of a processor, for the whole report; three times as many pass at most */
	unsigned without;      /* a bit for each enum evidence */
};

void explain(struct diagnosis *d, struct model *m, struct symbols *s, const struct explain_options *how);
#endif
