/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> workflow commands of GitHub Actions (::error file=...,line=...::...), which the runner takes from the standard
 * output and shows beside the code. It shows ten of each level a step; the summary (markdown) has all.
 */
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "format.h"
#include "words.h"

#define SHOWN_MOST 10u

struct github {
	FILE *to;
	const struct format_settings *settings;
	unsigned errors, warnings, notes;
};

/* What a command would read as its own syntax is written as %XX. */
static void put_escaped(FILE *to, const char *text, const char *also)
{
	for (; *text; text++)
		if (*text == '%' || *text == '\r' || *text == '\n' || strchr(also, *text))
			fprintf(to, "%%%02X", (unsigned char)*text);
		else
			fputc(*text, to);
}

static void put_property(FILE *to, const char *name, const char *text, char *separator)
{
	fprintf(to, "%c%s=", *separator, name);
	put_escaped(to, text, ":,");
	*separator = ',';
}

static void put_command(void *data, const struct entry *e)
{
	struct github *g = data;
	const char *level = strcmp(entry_level(e), "note") ? entry_level(e) : "notice";
	unsigned *shown = *level == 'e' ? &g->errors : *level == 'w' ? &g->warnings : &g->notes;
	char separator = ' ', title[96];

	if (++*shown > SHOWN_MOST)
		return;
	fprintf(g->to, "::%s", level);
	if (e->primary.file) {
		put_property(g->to, "file", e->primary.file, &separator);
		fprintf(g->to, ",line=%u", e->primary.line);
		if (e->primary.last_line > e->primary.line)
			fprintf(g->to, ",endLine=%u", e->primary.last_line);
	}
	snprintf(title, sizeof(title), "leakshim: %s [%s]", entry_rules[e->rule].id, e->fingerprint);
	put_property(g->to, "title", title, &separator);
	fputs("::", g->to);
	put_escaped(g->to, e->title, "");
	put_escaped(g->to, "\n", "");
	put_escaped(g->to, e->message, "");
	if (e->advice) {
		put_escaped(g->to, "\nAdvice: ", "");
		put_escaped(g->to, e->advice, "");
	}
	fputc('\n', g->to);
}

static void *open_github(FILE *to, const struct format_settings *settings)
{
	struct github *g = pool_regrow(NULL, 1, sizeof(*g));

	*g = (struct github){ .to = to, .settings = settings };
	return g;
}

static void add_report(void *self, const struct report *report)
{
	struct github *g = self;

	entry_each(report, g->settings->source_root, false, put_command, g);
}

static void unknown_program(void *self, const char *program, const char *why)
{
	struct github *g = self;

	fputs("::error title=leakshim: nothing is known::", g->to);
	put_escaped(g->to, program, "");
	put_escaped(g->to, ": ", "");
	put_escaped(g->to, why, "");
	fputc('\n', g->to);
}

static unsigned beyond(unsigned shown)
{
	return shown > SHOWN_MOST ? shown - SHOWN_MOST : 0;
}

static void close_github(void *self)
{
	struct github *g = self;
	unsigned more = beyond(g->errors) + beyond(g->warnings) + beyond(g->notes);

	if (more)
		fprintf(g->to, "::notice title=leakshim::%u more are not shown here, since GitHub shows ten of a level; the job summary has all\n",
			more);
	free(g);
}

const struct format format_github = { "github", false, open_github, add_report, close_github, unknown_program };
