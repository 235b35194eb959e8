/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> folded stacks ("main;parse;frame 8192"), one line a group, the bytes that are alive behind it: what flamegraph.pl,
 * inferno and speedscope read. The outermost frame is the program, the innermost the class.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "entry.h"
#include "format.h"
#include "path.h"
#include "words.h"

struct folded {
	FILE *to;
	const struct format_settings *settings;
	const struct report *report;
	struct pool scratch;
};

/* ; separates frames, and the last blank the number. */
static void put_frame(FILE *to, const char *text)
{
	for (; *text; text++)
		fputc(*text == ';' ? ':' : (unsigned char)*text < ' ' ? '?' : *text, to);
}

static void put_line(void *data, const struct entry *e)
{
	struct folded *f = data;
	const struct trail *created = e->trails;

	if (!e->leak)
		return;
	put_frame(f->to, words_utf8(&f->scratch, path_file(f->report->model->program)));
	for (unsigned i = created->count; i--;) {
		const struct spot *spot = &created->spots[i];

		fputc(';', f->to);
		put_frame(f->to, spot->function ? spot->function : entry_spot_text(&f->scratch, spot));
		if (spot->is_inlined)
			fputs("_[i]", f->to);
	}
	fprintf(f->to, ";[%s] %.0f\n", entry_rules[e->rule].id, e->bytes);
	pool_drop(&f->scratch);
}

static void *open_folded(FILE *to, const struct format_settings *settings)
{
	struct folded *f = pool_regrow(NULL, 1, sizeof(*f));

	*f = (struct folded){ .to = to, .settings = settings };
	return f;
}

static void add_report(void *self, const struct report *report)
{
	struct folded *f = self;

	f->report = report;
	entry_each(report, f->settings->source_root, false, put_line, f);
}

static void close_folded(void *self)
{
	free(self);
}

const struct format format_folded = { "folded", false, open_folded, add_report, close_folded, NULL };
