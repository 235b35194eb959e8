/* SPDX-License-Identifier: MIT */
/* Pass or fail: see judge.h. */
#include <stdlib.h>
#include <string.h>

#include "judge.h"
#include "diagnose.h"
#include "own.h"
#include "path.h"
#include "pool.h"
#include "short.h"
#include "words.h"

#define STATUS_LEAKS 1
#define STATUS_TROUBLE 2

/* A group that does not pass. `count` and `bytes` are what is judged of it. */
struct failing {
	struct leak leak;
	enum compare how;
	struct before before;
	double count, bytes;
};

/* The function that a person would name. */
static void say_maker(FILE *to, const char *before, const struct leak *leak)
{
	struct own own = own_frame(&leak->stack);
	char name[OWN_NAME], unnamed[OWN_NAME];

	if (!own.frame)
		return;
	fputs(before, to);
	words_escape(to, short_name(name, sizeof(name), own_name(&own, unnamed)));
	if (own.frame->file) {
		fputs(" (", to);
		words_escape(to, path_file(own.frame->file));
		fprintf(to, ":%u)", own.frame->line);
	}
}

static void say(const struct judge *j, const struct failing *f)
{
	const struct leak *leak = &f->leak;
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	fprintf(j->to, "leakshim: %s: [%s] %s %s, %s", f->how == COMPARE_NEW ? "new" : "grown", leak->fingerprint,
		words_number(a, f->count, leak->is_estimate), f->count < 1.5 ? "block" : "blocks",
		words_sum(b, f->bytes, leak->is_estimate, leak->resource));
	if (f->how == COMPARE_GROWN) {
		fprintf(j->to, " (%s before", words_number(c, f->before.count, false));
		fprintf(j->to, ", +%s since)", words_number(c, f->count - f->before.count, leak->is_estimate));
	}
	say_maker(j->to, ", made in ", leak);
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
	return f->bytes - f->before.bytes;
}

static int by_growth(const void *a, const void *b)
{
	double x = growth(a), y = growth(b);

	return x > y ? -1 : x < y ? 1 : strcmp(((const struct failing *)a)->leak.fingerprint,
					       ((const struct failing *)b)->leak.fingerprint);
}

static void add(struct failing *f, const struct part *part)
{
	f->count += part->count;
	f->bytes += part->bytes;
}

/* A Java program came to its end and had not released these, whoever holds them. */
static bool is_unreleased(const struct model *m, const struct leak *leak)
{
	return leak->class == CLASS_UNCLASSIFIED && m->java.ended_us && leak->resource && m->resources[leak->resource - 1].java;
}

/* What is judged of a group: of the lost ones those that --fail-on names. A trace whose classes are missing tells of
 * live blocks, not of leaks; and what only unread memory could hold is not known to be one. */
static bool is_judged(const struct judge *j, const struct model *m, struct failing *f)
{
	const struct leak *leak = &f->leak;

	f->count = f->bytes = 0;
	switch (leak->class) {
	case CLASS_DEFINITE:
	case CLASS_INDIRECT:
	case CLASS_POSSIBLE:
		if (j->is_diff || j->fail_on & 1u << CLASS_DEFINITE)
			add(f, &leak->definite);
		if (j->is_diff || j->fail_on & 1u << CLASS_INDIRECT)
			add(f, &leak->hanging);
		if (j->is_diff || j->fail_on & 1u << CLASS_POSSIBLE) {
			add(f, &leak->possible);
			add(f, &leak->uncertain);
			f->count -= j->is_diff ? 0 : leak->doubtful;
		}
		break;
	default:
		if (j->is_diff || j->fail_on & 1u << leak->class || is_unreleased(m, leak))
			f->count = leak->count, f->bytes = leak->bytes;
	}
	return f->count > 0.5;
}

/* What only hangs on a group that fails itself is told with that one. */
static uint32_t drop_told(struct failing *failing, uint32_t count)
{
	uint32_t kept = 0, most = 0;
	bool *is_head;

	for (uint32_t i = 0; i < count; i++)
		most = failing[i].leak.number > most ? failing[i].leak.number : most;
	is_head = pool_regrow(NULL, most + 1u, sizeof(*is_head));
	memset(is_head, 0, (most + 1u) * sizeof(*is_head));
	for (uint32_t i = 0; i < count; i++)
		is_head[failing[i].leak.number] = failing[i].leak.class != CLASS_INDIRECT;
	for (uint32_t i = 0; i < count; i++) {
		const struct leak *leak = &failing[i].leak;

		if (leak->class == CLASS_INDIRECT && leak->on && leak->on->number <= most && is_head[leak->on->number])
			continue;
		failing[kept++] = failing[i];
	}
	free(is_head);
	return kept;
}

/* What was released is known to the end, without a scan. */
static bool is_java_end(const struct model *m)
{
	return m->java.status == JAVA_FOLLOWED && m->java.ended_us;
}

static void note_incomplete(struct judge *j, const struct model *m, const struct diagnosis *d)
{
	/* without a scan nothing is known of what was alive, if anything was; nor of what came after the latest one */
	bool is_unscanned = m->ending != ENDING_EXEC && !is_java_end(m) && d->totals[CLASS_UNCLASSIFIED].blocks > 0 &&
			     (!m->scan.is_done || d->unclassified);
	bool is_incomplete = !d->is_complete || m->is_partial || is_unscanned;

	if (!is_incomplete || j->allow_incomplete)
		return;
	j->incomplete++;
	fputs("leakshim: ", j->to);
	words_escape(j->to, m->path);
	fprintf(j->to, ": cannot be judged: %s%s (--allow-incomplete passes over that)\n",
		d->blind ? "NOTHING IS KNOWN of its memory: " : "",
		m->scan.doubtful ? "some blocks may be held by memory that could not be read"
		: d->blind ? d->blind
		: !d->is_complete ? "not everything was recorded"
		: d->unclassified ? d->unclassified
		: m->scan.failure ? m->scan.failure
				  : "no scan told what is lost: the program was killed, or ended by other means");
}

static enum standing standing_of(const struct judge *j, const struct failing *f)
{
	if (!j->baseline)
		return STANDING_NONE;
	return f->how == COMPARE_KNOWN ? STANDING_KNOWN : f->how == COMPARE_GROWN ? STANDING_GROWN : STANDING_NEW;
}

/* Without a scan nothing is lost and nothing fails; what was alive is at least named. */
static void note_unscanned(const struct judge *j, const struct model *m, const struct diagnosis *d)
{
	const struct leak *largest = NULL;
	struct class_total all = { 0 };
	char a[WORDS_SIZE], b[WORDS_SIZE];

	for (uint32_t i = 0; i < d->leak_count; i++) {
		const struct leak *leak = &d->leaks[i];

		if (leak->class != CLASS_UNCLASSIFIED)
			continue;
		all.blocks += leak->count;
		all.bytes += leak->bytes;
		if (!largest || leak->bytes > largest->bytes)
			largest = leak;
	}
	if (j->is_diff || m->scan.is_done || m->ending == ENDING_EXEC || !largest || is_java_end(m))
		return;
	fputs("leakshim: ", j->to);
	words_escape(j->to, m->path);
	fprintf(j->to, ": not scanned, so nothing of it fails: %s %s, %s, were alive; most of them [%s]",
		words_number(a, all.blocks, m->is_sampled), all.blocks < 1.5 ? "block" : "blocks",
		words_sum(b, all.bytes, m->is_sampled, m->resource_count), largest->fingerprint);
	fprintf(j->to, ", %s", words_number(a, largest->count, largest->is_estimate));
	say_maker(j->to, " made in ", largest);
	fputc('\n', j->to);
}

/* How many there were in the older trace. */
static void compare_overdue(struct judge *j, struct diagnosis *d)
{
	struct before before;

	for (uint32_t i = 0; i < d->overdue_count && j->is_diff && j->baseline; i++) {
		struct overdue *o = &d->overdue[i];

		baseline_compare(j->baseline, o->group, o->group->count, &before);
		o->before_count = before.count;
	}
}

static void judge_growth(struct judge *j, const struct model *m, struct diagnosis *d)
{
	struct growth *g = &d->growth;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!j->has_max_growth)
		return;
	if (j->growth_of && j->growth_of(j->looks, m, g, j->to))
		return;
	g->is_judged = true;
	g->allowed = j->max_growth;
	g->is_too_fast = g->bytes_a_minute > j->max_growth;
	if (!g->is_too_fast)
		return;
	j->growing++;
	fputs("leakshim: ", j->to);
	words_escape(j->to, m->path);
	fprintf(j->to, ": grows by %s a minute, --max-growth allows ", words_bytes(a, g->bytes_a_minute, m->is_sampled));
	fprintf(j->to, "%s; most of it [%s], ", words_bytes(a, j->max_growth, false), g->most);
	fprintf(j->to, "%s", words_bytes(b, g->most_a_minute, m->is_sampled));
	if (g->function) {
		fputs(", made in ", j->to);
		words_escape(j->to, g->function);
	}
	fputc('\n', j->to);
}

void judge(struct judge *j, const struct model *m, struct diagnosis *d)
{
	struct failing *failing = pool_regrow(NULL, d->leak_count + 1u, sizeof(*failing));
	struct leak *known = pool_regrow(NULL, d->leak_count + 1u, sizeof(*known));
	uint32_t kept = 0, known_count = 0;

	note_incomplete(j, m, d);
	note_unscanned(j, m, d);
	compare_overdue(j, d);
	judge_growth(j, m, d);
	d->shown = (struct class_total){ 0 };
	for (uint32_t i = 0; i < d->leak_count; i++) {
		struct failing *f = &failing[kept];

		*f = (struct failing){ .leak = d->leaks[i], .how = COMPARE_NEW };
		if (!is_judged(j, m, f))
			continue;
		if (j->baseline)
			f->how = baseline_compare(j->baseline, &f->leak, f->count, &f->before);
		f->leak.standing = standing_of(j, f);
		if (f->how != COMPARE_KNOWN) {
			kept++;
		} else if (f->leak.class != CLASS_INDIRECT) {
			j->known++;
			known[known_count++] = f->leak;
		}
	}
	kept = drop_told(failing, kept);
	j->failing += kept;
	d->hanging = (struct class_total){ 0 };
	for (uint32_t i = 0; i < kept; i++) {
		d->shown.blocks += failing[i].leak.count;
		d->shown.bytes += failing[i].leak.bytes;
		d->shown.groups++;
	}
	if (j->is_diff)
		qsort(failing, kept, sizeof(*failing), by_growth);
	if (j->baseline)
		say_all(j, failing, kept);
	for (uint32_t i = 0; i < kept; i++)
		d->leaks[i] = failing[i].leak;
	memcpy(d->leaks + kept, known, known_count * sizeof(*known));
	free(failing);
	free(known);
	d->leak_count = kept;
	d->known_count = known_count;
	d->detailed = j->max && kept > j->max ? j->max : kept;
	j->failing += d->finding_count;
}

int judge_close(struct judge *j)
{
	if (j->baseline)
		baseline_gone(j->baseline, j->is_diff ? j->max : 0, j->to);
	if (j->is_diff && !j->failing)
		fputs("leakshim: nothing new\n", j->to);
	if (j->is_diff)
		return j->failing ? STATUS_LEAKS : 0;
	fprintf(j->to, "leakshim: check: %u %s", j->failing, j->failing == 1 ? "group fails" : "groups fail");
	if (j->baseline)
		fprintf(j->to, ", %u known", j->known);
	if (j->growing)
		fprintf(j->to, ", %u %s too fast", j->growing, j->growing == 1 ? "trace grows" : "traces grow");
	if (j->incomplete)
		fprintf(j->to, ", %u %s be judged", j->incomplete, j->incomplete == 1 ? "trace cannot" : "traces cannot");
	fputc('\n', j->to);
	return j->failing || j->growing ? STATUS_LEAKS : j->incomplete ? STATUS_TROUBLE : 0;
}
