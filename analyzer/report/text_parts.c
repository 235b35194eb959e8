/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> text for a person, with the skeleton that Netty's users know: a line with
 * LEAK: for each group, `Recent access records:`, `#1:`, `Created at:`, frames after a tab.
 */
#include <stdlib.h>

#include "progress.h"
#include "text_fold.h"
#include "text_parts.h"
#include "words.h"

static void print_leaks(FILE *to, const struct report *r, uint32_t count)
{
	const struct diagnosis *d = r->diagnosis;
	struct fold *folds = r->is_full ? NULL : text_fold(d, count);

	for (uint32_t i = 0; i < count; i++) {
		progress_writing(to, i, count);
		if (text_fold_is_hidden(folds, i))
			continue;
		text_leak(to, r->model, &d->leaks[i]);
		text_fold_print(to, d, folds, i);
	}
	progress_end();
	free(folds);
}

/* A program in good order, perhaps, of which too little is known to say so. */
static void print_possible(FILE *to, const struct diagnosis *d)
{
	uint32_t possible = 0;

	for (uint32_t i = 0; i < d->leak_count; i++) {
		if (d->leaks[i].class == CLASS_DEFINITE || d->leaks[i].class == CLASS_HELD || d->leaks[i].class == CLASS_UNCLASSIFIED)
			return;
		possible += d->leaks[i].class == CLASS_POSSIBLE;
	}
	if (possible && !d->finding_count && !d->blind)
		fputs(possible == 1 ? "leakshim: no leak is certain: the group below is a possible one.\n\n"
				    : "leakshim: no leak is certain: the groups below are possible ones.\n\n", to);
}

void report_text(FILE *to, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;
	uint32_t detailed = r->text_most && r->text_most < d->detailed ? r->text_most : d->detailed;
	char a[WORDS_SIZE];

	text_stack_full(r->is_full);
	if (r->is_headed) {
		fputs("leakshim: report of ", to);
		words_escape(to, r->model->program);
		if (!r->model->process_count)
			fprintf(to, " (pid %u)", r->model->pid);
		fputs(":\n", to);
	}
	if (r->joined)
		fprintf(to, "leakshim: %u %s joined into this report.\n", r->joined, r->joined == 1 ? "request was" : "requests were");
	if (d->blind)
		fprintf(to, "leakshim: NOTHING IS KNOWN of this program's memory: %s.\n", d->blind);
	for (uint32_t i = 0; i < d->finding_count; i++)
		text_finding(to, r->model, &d->findings[i]);
	print_possible(to, d);
	print_leaks(to, r, detailed);
	if (d->leak_count > detailed)
		fprintf(to, "... and %s smaller groups (--max 0 shows all)\n\n",
			words_number(a, d->leak_count - detailed, false));
	for (uint32_t i = 0; i < d->overdue_count && (!r->text_most || i < r->text_most); i++)
		text_overdue(to, r->model, &d->overdue[i]);
	text_summary(to, r);
	if (r->is_trace_gone)
		return;
	fputs(r->is_sum ? "leakshim: sum of " : "leakshim: trace ", to);
	words_escape(to, r->model->path);
	fputs("; next: ", to);
	words_escape(to, r->next);
	fputc('\n', to);
}
