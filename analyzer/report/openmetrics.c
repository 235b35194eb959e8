/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> metrics for Prometheus' textfile collector: blocks and bytes by class, and the largest groups (--max) one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "format.h"
#include "path.h"
#include "words.h"

/* The exposition format wants all samples of a metric together, and processes come one after another: each metric gathers its
 * own lines. */
enum { BLOCKS, BYTES, GROUP_BLOCKS, GROUP_BYTES, OVERDUE_BLOCKS, OVERDUE_BYTES, OVERDUE_GROWTH, GROWTH, SCAN, COMPLETE, METRICS };

static const struct {
	const char *name, *help;
} metrics[METRICS] = {
	[BLOCKS] = { "leakshim_blocks", "Blocks and resources that are alive, by class." },
	[BYTES] = { "leakshim_bytes", "Bytes that are alive, by class." },
	[GROUP_BLOCKS] = { "leakshim_group_blocks", "Blocks of one group, made at one place." },
	[GROUP_BYTES] = { "leakshim_group_bytes", "Bytes of one group, made at one place." },
	[OVERDUE_BLOCKS] = { "leakshim_overdue_blocks", "Blocks of one group that live far longer than others from there did." },
	[OVERDUE_BYTES] = { "leakshim_overdue_bytes", "Bytes of one group that live far longer than others from there did." },
	[OVERDUE_GROWTH] = { "leakshim_overdue_growth_bytes", "Bytes a minute by which an overdue group grows." },
	[GROWTH] = { "leakshim_growth_bytes", "Bytes a minute by which a living process grows." },
	[SCAN] = { "leakshim_scan_seconds", "How long the latest search for lost blocks took." },
	[COMPLETE] = { "leakshim_complete", "1 if everything was recorded." },
};

struct openmetrics {
	FILE *to, *lines[METRICS];
	char *text[METRICS];
	size_t size[METRICS];
	const struct format_settings *settings;
	const struct report *report;
	struct pool scratch;
	uint32_t groups;
};

static void put_value(FILE *to, const char *text)
{
	fputc('"', to);
	for (; *text; text++)
		if (*text == '\n')
			fputs("\\n", to);
		else if (*text == '"' || *text == '\\')
			fprintf(to, "\\%c", *text);
		else
			fputc(*text, to);
	fputc('"', to);
}

static FILE *begin_line(struct openmetrics *o, unsigned metric)
{
	const struct model *m = o->report->model;
	FILE *to = o->lines[metric];

	fprintf(to, "%s{program=", metrics[metric].name);
	put_value(to, words_utf8(&o->scratch, path_file(m->program)));
	if (!m->process_count)
		fprintf(to, ",pid=\"%u\"", m->pid);
	return to;
}

static void put_group_value(struct openmetrics *o, const struct entry *e, unsigned metric, double value)
{
	FILE *to = begin_line(o, metric);

	fprintf(to, ",class=\"%s\",fingerprint=\"%s\",site=", entry_rules[e->rule].id, e->fingerprint);
	put_value(to, entry_spot_text(&o->scratch, &e->primary));
	fprintf(to, "} %.0f\n", value);
}

static void put_group(void *data, const struct entry *e)
{
	struct openmetrics *o = data;

	if ((!e->leak && !e->overdue) || (o->settings->max && o->groups >= o->settings->max))
		return;
	o->groups++;
	if (e->overdue) {
		put_group_value(o, e, OVERDUE_BLOCKS, e->count);
		put_group_value(o, e, OVERDUE_BYTES, e->bytes);
		put_group_value(o, e, OVERDUE_GROWTH, e->overdue->bytes_a_minute);
		pool_drop(&o->scratch);
		return;
	}
	put_group_value(o, e, GROUP_BLOCKS, e->count);
	put_group_value(o, e, GROUP_BYTES, e->bytes);
	pool_drop(&o->scratch);
}

static void *open_openmetrics(FILE *to, const struct format_settings *settings)
{
	struct openmetrics *o = pool_regrow(NULL, 1, sizeof(*o));

	*o = (struct openmetrics){ .to = to, .settings = settings };
	for (unsigned i = 0; i < METRICS; i++)
		if (!(o->lines[i] = open_memstream(&o->text[i], &o->size[i])))
			abort();
	return o;
}

static void add_report(void *self, const struct report *report)
{
	struct openmetrics *o = self;
	const struct diagnosis *d = report->diagnosis;

	o->report = report;
	for (unsigned class = 0; class < CLASSES; class++) {
		const char *name = words_class((enum leak_class)class);

		fprintf(begin_line(o, BLOCKS), ",class=\"%s\"} %.0f\n", name, d->totals[class].blocks);
		fprintf(begin_line(o, BYTES), ",class=\"%s\"} %.0f\n", name, d->totals[class].bytes);
	}
	if (report->model->ending == ENDING_RUNNING || report->model->ending == ENDING_SNAPSHOT)
		fprintf(begin_line(o, GROWTH), "} %.0f\n", d->growth.bytes_a_minute);
	if (report->model->scan.is_done)
		fprintf(begin_line(o, SCAN), "} %.6f\n", (double)report->model->scan.took_us / 1e6);
	fprintf(begin_line(o, COMPLETE), "} %d\n", d->is_complete);
	o->groups = 0;
	entry_each(report, o->settings->source_root, false, put_group, o);
	pool_drop(&o->scratch);
}

static void unknown_program(void *self, const char *program, const char *why)
{
	struct openmetrics *o = self;

	(void)why;
	fprintf(o->lines[COMPLETE], "%s{program=", metrics[COMPLETE].name);
	put_value(o->lines[COMPLETE], path_file(program));
	fputs("} 0\n", o->lines[COMPLETE]);
}

static void close_openmetrics(void *self)
{
	struct openmetrics *o = self;

	for (unsigned i = 0; i < METRICS; i++) {
		fclose(o->lines[i]);
		if (o->size[i])
			fprintf(o->to, "# HELP %s %s\n# TYPE %s gauge\n%s", metrics[i].name, metrics[i].help, metrics[i].name,
				o->text[i]);
		free(o->text[i]);
	}
	fputs("# EOF\n", o->to);
	free(o);
}

const struct format format_openmetrics = { "openmetrics", false, open_openmetrics, add_report, close_openmetrics, unknown_program };
