/* SPDX-License-Identifier: MIT */
/* Pass or fail: see judge.h. */
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "diagnose.h"
#include "pool.h"
#include "words.h"

#define STATUS_LEAKS 1
#define STATUS_TROUBLE 2

/* A group that does not pass. */
struct failing {
	struct leak leak;
	enum compare how;
	struct before before;
};

static void say(const struct judge *j, const struct failing *f)
{
	const struct leak *leak = &f->leak;
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	fprintf(j->to, "leakshim: %s: [%s] %s %s, %s", f->how == COMPARE_NEW ? "new" : "grown", leak->fingerprint,
		words_number(a, leak->count, leak->is_estimate), leak->count < 1.5 ? "block" : "blocks",
		words_bytes(b, leak->bytes, leak->is_estimate));
	if (f->how == COMPARE_GROWN)
		fprintf(j->to, " (%s before)", words_number(c, f->before.count, false));
	fputc('\n', j->to);
}

static void say_all(const struct judge *j, const struct failing *failing, uint32_t count)
{
	uint32_t said = j->is_diff && j->max && count > j->max ? j->max : count;
	char a[WORDS_SIZE];

	for (uint32_t i = 0; i < said; i++)
		say(j, &failing[i]);
	if (said < count)
		fprintf(j->to, "leakshim: ... and %s more are new or have grown (--max 0 shows all)\n",
			words_number(a, count - said, false));
}

static double growth(const struct failing *f)
{
	return f->leak.bytes - f->before.bytes;
}

static int by_growth(const void *a, const void *b)
{
	double x = growth(a), y = growth(b);

	return x > y ? -1 : x < y ? 1 : strcmp(((const struct failing *)a)->leak.fingerprint,
					       ((const struct failing *)b)->leak.fingerprint);
}

/* A trace whose classes are missing tells of live blocks, not of leaks; and what only unread memory could hold is not known
 * to be one. */
static bool is_judged(const struct leak *leak)
{
	return DIAGNOSE_LEAKS & 1u << leak->class && leak->class != CLASS_UNCLASSIFIED &&
	       !(leak->doubtful >= leak->count - 0.5 && leak->class == CLASS_POSSIBLE);
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
		m->scan.doubtful ? "some blocks may be held by memory that could not be read"
		: !d->is_complete ? "not everything was recorded"
		: m->scan.failure ? m->scan.failure
				  : "no scan told what is lost: the program was killed, or ended by other means");
}

void judge(struct judge *j, const struct model *m, struct diagnosis *d)
{
	struct failing *failing = pool_regrow(NULL, d->leak_count + 1u, sizeof(*failing));
	uint32_t kept = 0;

	note_incomplete(j, m, d);
	d->shown = (struct class_total){ 0 };
	for (uint32_t i = 0; i < d->leak_count; i++) {
		struct failing *f = &failing[kept];

		*f = (struct failing){ .leak = d->leaks[i], .how = COMPARE_NEW };
		if (j->baseline)
			f->how = baseline_compare(j->baseline, &f->leak, &f->before);
		if (!j->is_diff && !is_judged(&f->leak))
			continue;
		if (f->how == COMPARE_KNOWN) {
			j->known++;
			continue;
		}
		j->failing++;
		d->shown.blocks += f->leak.count;
		d->shown.bytes += f->leak.bytes;
		d->shown.groups++;
		kept++;
	}
	if (j->is_diff)
		qsort(failing, kept, sizeof(*failing), by_growth);
	if (j->baseline)
		say_all(j, failing, kept);
	for (uint32_t i = 0; i < kept; i++)
		d->leaks[i] = failing[i].leak;
	free(failing);
	d->leak_count = kept;
	d->detailed = j->max && kept > j->max ? j->max : kept;
	j->failing += d->finding_count;
}

int judge_close(struct judge *j)
{
	if (j->baseline)
		baseline_gone(j->baseline, j->is_diff ? j->max : 0, j->to);
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
