/* SPDX-License-Identifier: MIT */
/* Diagnosis -> markdown for a comment or a job summary: a table of groups, the stacks folded below it. */
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "format.h"
#include "path.h"
#include "words.h"

#define GROUPS_MOST 100u    /* with stacks; a comment takes 65,536 characters */
#define FRAMES_MOST 30u

struct markdown {
	FILE *to;
	const struct format_settings *settings;
	const struct report *report;
	struct pool scratch;
	uint32_t row;
	bool is_table;
};

/* A name that markdown and HTML must take as it is. */
static void put_plain(FILE *to, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<': fputs("&lt;", to); break;
		case '>': fputs("&gt;", to); break;
		case '&': fputs("&amp;", to); break;
		case '@': fputs("&#64;", to); break; /* nobody is to be called */
		case '\n': case '\r': fputc(' ', to); break;
		default:
			if (strchr("\\`*_{}[]()#+!|~", *text))
				fputc('\\', to);
			fputc(*text, to);
		}
	}
}

/* The same inside of <pre>. */
static void put_code(FILE *to, const char *text)
{
	for (; *text; text++)
		switch (*text) {
		case '<': fputs("&lt;", to); break;
		case '>': fputs("&gt;", to); break;
		case '&': fputs("&amp;", to); break;
		case '\n': case '\r': fputc(' ', to); break;
		default: fputc(*text, to);
		}
}

static void put_row(void *data, const struct entry *e)
{
	struct markdown *m = data;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (m->row++ >= GROUPS_MOST)
		return;
	fprintf(m->to, "| %s | %s | %s | ", entry_rules[e->rule].id, words_number(a, e->count, m->report->model->is_sampled),
		words_number(b, e->bytes + e->dragged_bytes, m->report->model->is_sampled));
	put_plain(m->to, entry_spot_text(&m->scratch, &e->primary));
	fprintf(m->to, "%s | %s |\n", e->is_missing_release ? " (the release is missing here)" : "", e->fingerprint);
	pool_drop(&m->scratch);
}

static void put_trail(struct markdown *m, const struct trail *trail)
{
	put_code(m->to, trail->title);
	fputs(":\n", m->to);
	for (unsigned i = 0; i < trail->count && i < FRAMES_MOST; i++) {
		fputs("    ", m->to);
		put_code(m->to, entry_spot_text(&m->scratch, &trail->spots[i]));
		fputc('\n', m->to);
	}
	if (trail->count > FRAMES_MOST)
		fprintf(m->to, "    ... and %u callers\n", trail->count - FRAMES_MOST);
}

static void put_details(void *data, const struct entry *e)
{
	struct markdown *m = data;

	if (m->row++ >= GROUPS_MOST)
		return;
	fputs("\n<details><summary>", m->to);
	put_code(m->to, e->title);
	fprintf(m->to, " [%s]</summary>\n\n", e->fingerprint);
	put_plain(m->to, e->message);
	if (e->advice) {
		fputs(" **Advice:** ", m->to);
		put_plain(m->to, e->advice);
	}
	fputs("\n\n<pre>", m->to);
	for (unsigned i = 0; i < e->trail_count; i++)
		put_trail(m, &e->trails[i]);
	fputs("</pre></details>\n", m->to);
	pool_drop(&m->scratch);
}

static void *open_markdown(FILE *to, const struct format_settings *settings)
{
	struct markdown *m = pool_regrow(NULL, 1, sizeof(*m));

	*m = (struct markdown){ .to = to, .settings = settings };
	return m;
}

static void put_head(struct markdown *m)
{
	const struct diagnosis *d = m->report->diagnosis;
	char a[WORDS_SIZE], b[WORDS_SIZE];
	uint32_t shown = d->leak_count + d->finding_count;

	fputs("### ", m->to);
	put_plain(m->to, words_utf8(&m->scratch, path_file(m->report->model->program)));
	fprintf(m->to, " (%s): ", words_process(&m->scratch, m->report->model));
	if (shown)
		fprintf(m->to, "%s%s %s\n\n", words_number(a, shown, false), m->settings->has_baseline ? " new or grown" : "",
			shown == 1 ? "group" : "groups");
	else
		fputs(d->growth.is_too_fast ? "grows too fast\n\n" : d->unclassified || !d->is_complete ? "no leaks are known of\n\n" : "no leaks\n\n", m->to);
	if (d->overdue_count)
		fprintf(m->to, "%s overdue %s: kept far longer than others from there live, while more of it comes.\n\n",
			words_number(a, d->overdue_count, false), d->overdue_count == 1 ? "group" : "groups");
	if (!d->is_complete)
		fputs("**Not complete:** not everything was recorded; the text report says what was missed.\n\n", m->to);
	if (d->unclassified) {
		fprintf(m->to, "**Not classified**, so it is not known whether anything of it is lost: %s %s; ",
			words_number(a, d->totals[CLASS_UNCLASSIFIED].blocks, m->report->model->is_sampled),
			d->totals[CLASS_UNCLASSIFIED].blocks < 1.5 ? "block" : "blocks");
		put_plain(m->to, words_utf8(&m->scratch, d->unclassified));
		fputs(".\n\n", m->to);
	}
	if (d->leak_count)
		fprintf(m->to, "%s %s, %s.\n\n", words_number(a, d->shown.blocks, m->report->model->is_sampled),
			d->shown.blocks < 1.5 ? "block" : "blocks", words_bytes(b, d->shown.bytes, m->report->model->is_sampled));
	pool_drop(&m->scratch);
}

static void add_report(void *self, const struct report *report)
{
	struct markdown *m = self;
	const struct diagnosis *d = report->diagnosis;
	uint32_t all = entry_count(d) + d->leak_count - d->detailed;

	m->report = report;
	put_head(m);
	if (!all)
		return;
	fputs("| class | count | bytes | look at | group |\n| --- | ---: | ---: | --- | --- |\n", m->to);
	m->row = 0;
	entry_each(report, m->settings->source_root, false, put_row, m);
	m->row = 0;
	entry_each(report, m->settings->source_root, false, put_details, m);
	if (all > GROUPS_MOST)
		fprintf(m->to, "\n%u more groups are not shown.\n", all - GROUPS_MOST);
	fputc('\n', m->to);
}

static void unknown_program(void *self, const char *program, const char *why)
{
	struct markdown *m = self;

	fputs("### ", m->to);
	put_plain(m->to, program);
	fputs(": nothing is known\n\n", m->to);
	put_plain(m->to, why);
	fputs("\n\n", m->to);
}

static void close_markdown(void *self)
{
	free(self);
}

const struct format format_markdown = { "markdown", false, open_markdown, add_report, close_markdown, unknown_program };
