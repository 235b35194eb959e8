/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JAVA_EVIDENCE_H
#define LEAKSHIM_JAVA_EVIDENCE_H
/*
 * What the members of one group of Java objects have in common, counted; the decision is java_cause.c's.
 */
#include "java.h"

/* How the call ended in whose work an object was made. */
enum java_around {
	JAVA_AROUND_NONE,      /* it is not known */
	JAVA_AROUND_OPEN,      /* it has not ended */
	JAVA_AROUND_COMPLETED, /* its handler ended it */
	JAVA_AROUND_FAILED,    /* its handler ended it with an error */
	JAVA_AROUND_CANCELLED, /* the other side, and the handler never did */
	JAVA_AROUNDS
};

#define EVIDENCE_MAKERS 8u

struct java_evidence {
	uint32_t members, living_siblings, ended_siblings;
	uint32_t around[JAVA_AROUNDS];
	uint32_t framed, chained, queued, inbound, detached; /* how far they got through gRPC */
	uint32_t held, held_by_own, collected, retained;
	uint64_t oldest_us, newest_ended_us; /* when they, and the latest one that was released, were made */
	uint16_t makers[EVIDENCE_MAKERS]; /* threads */
	unsigned maker_count;
	const struct resource *sample; /* that tells most */
	const struct resource *sample_around;
	const struct misuse *overlap; /* threads were seen at once in what they belong to */
};

/* One for each detailed leak, in their order. */
struct java_evidence *java_evidence_collect(struct work *w, const struct diagnosis *d);

/* How a call ended, which may live. */
enum java_around java_around_of(const struct model *m, const struct resource *call);
#endif
