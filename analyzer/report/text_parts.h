/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TEXT_PARTS_H
#define LEAKSHIM_TEXT_PARTS_H
/*
 * The parts of the report for a person, each in a file of its own: a leak, a wrong use, what is overdue, the explanation of either, and the
 * summary.
 */
#include "report.h"
#include "text_stack.h"

void text_leak(FILE *to, const struct model *m, const struct leak *leak);
void text_records(FILE *to, const struct leak *leak);
void text_overdue(FILE *to, const struct model *m, const struct overdue *overdue);
void text_finding(FILE *to, const struct model *m, const struct finding *finding);

/* Which line forgot, as far as it is known; e may be NULL. */
void text_explanation(FILE *to, enum cause cause, const struct explanation *e, bool is_possible);

/* How much there is, what was missed and not seen, and what to know of the system. */
void text_summary(FILE *to, const struct report *r);

static inline const char *text_times(double count)
{
	return count >= 0.5 && count < 1.5 ? "time" : "times";
}

static inline void text_thread(FILE *to, const struct thread *thread)
{
	text_stack_name(to, thread->main ? "main" : thread->name);
}

/* A place in a line of text: its innermost frame, which may be inlined. */
static inline void text_at(FILE *to, const struct place *place)
{
	text_stack_at(to, place, &place->frames[0]);
}
#endif
