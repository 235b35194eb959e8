/* SPDX-License-Identifier: MIT */
/* Pass or fail: see judge.h. */
#include "judge.h"
#include "diagnose.h"
#include "words.h"

#define STATUS_LEAKS 1
#define STATUS_TROUBLE 2

static void say(const struct judge *j, const struct leak *leak, enum compare how, double before)
{
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	fprintf(j->to, "leakshim: %s: [%s] %s %s, %s", how == COMPARE_NEW ? "new" : "grown", leak->fingerprint,
		words_number(a, leak->count, leak->is_estimate), leak->count < 1.5 ? "block" : "blocks",
		words_bytes(b, leak->bytes, leak->is_estimate));
	if (how == COMPARE_GROWN)
		fprintf(j->to, " (%s before)", words_number(c, before, false));
	fputc('\n', j->to);
}

/* A trace whose classes are missing tells of live blocks, not of leaks. */
static bool is_judged(const struct leak *leak)
{
	return DIAGNOSE_LEAKS & 1u << leak->class && leak->class != CLASS_UNCLASSIFIED;
}

static void note_incomplete(struct judge *j, const struct model *m, const struct diagnosis *d)
{
	bool is_incomplete = !d->is_complete || m->is_partial || (!m->scan.is_done && m->ending != ENDING_EXEC);

	if (!is_incomplete || j->allow_incomplete)
		return;
	j->incomplete++;
	fputs("leakshim: ", j->to);
	words_escape(j->to, m->path);
	fprintf(j->to, ": cannot be judged: %s (--allow-incomplete passes over that)\n",
		!d->is_complete	   ? "not everything was recorded"
		: m->scan.failure ? m->scan.failure
				  : "no scan told what is lost: the program was killed, or ended by other means");
}

void judge(struct judge *j, const struct model *m, struct diagnosis *d)
{
	uint32_t kept = 0, detailed = 0;

	note_incomplete(j, m, d);
	d->shown = (struct class_total){ 0 };
	for (uint32_t i = 0; i < d->leak_count; i++) {
		struct leak leak = d->leaks[i];
		double before = 0;
		enum compare how = COMPARE_NEW;

		if (j->baseline)
			how = baseline_compare(j->baseline, &leak, &before);
		if (!j->is_diff && !is_judged(&leak))
			continue;
		if (how == COMPARE_KNOWN) {
			j->known++;
			continue;
		}
		j->failing++;
		if (j->baseline)
			say(j, &leak, how, before);
		d->shown.blocks += leak.count;
		d->shown.bytes += leak.bytes;
		d->shown.groups++;
		detailed += i < d->detailed;
		d->leaks[kept++] = leak;
	}
	d->leak_count = kept;
	d->detailed = detailed;
	j->failing += d->finding_count;
}

int judge_close(struct judge *j)
{
	if (j->baseline)
		baseline_gone(j->baseline, j->to);
	if (j->is_diff)
		return j->failing ? STATUS_LEAKS : 0;
	fprintf(j->to, "leakshim: check: %u %s", j->failing, j->failing == 1 ? "group fails" : "groups fail");
	if (j->baseline)
		fprintf(j->to, ", %u known", j->known);
	if (j->incomplete)
		fprintf(j->to, ", %u %s be judged", j->incomplete, j->incomplete == 1 ? "trace cannot" : "traces cannot");
	fputc('\n', j->to);
	return j->failing ? STATUS_LEAKS : j->incomplete ? STATUS_TROUBLE : 0;
}
