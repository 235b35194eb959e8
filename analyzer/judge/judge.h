/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JUDGE_H
#define LEAKSHIM_JUDGE_H
/*
 * What a build server wants to know of a report: does it fail? New and grown groups fail, known
 * ones pass, and what cannot be judged is trouble.
 */
#include <stdio.h>
#include "compare.h"

#define JUDGE_FAIL_ON (1u << CLASS_DEFINITE | 1u << CLASS_INDIRECT | 1u << CLASS_HELD)

struct judge {
	struct baseline *baseline; /* 0: every leak is new */
	bool allow_incomplete, has_max_growth;
	double max_growth; /* bytes a minute of what a living process keeps; more fails, if has_max_growth */
	/* Growth of a process that has ended, as it was seen before; 0: no process was watched. Returns 0, or -1 after saying why
	 * it cannot be judged. */
	int (*growth_of)(const void *looks, const struct model *m, struct growth *growth, FILE *to);
	const void *looks;
	unsigned fail_on; /* bit per enum leak_class: what these say fails; not looked at if is_diff */
	bool is_diff; /* words for a comparison of two traces, what grew most comes first */
	uint32_t max; /* groups reported with their stacks, and in a comparison named; 0: all */
	FILE *to;
	unsigned failing, known, incomplete, growing; /* groups, groups, traces, traces */
};

/* Takes the groups that pass out of the diagnosis, and says which remain and why; so a report of
 * it shows those that fail. */
void judge(struct judge *j, const struct model *m, struct diagnosis *d);

/* 0 clean, 1 leaks, 2 trouble. Prints the last line. */
int judge_close(struct judge *j);
#endif
