/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> JUnit XML as Jenkins reads it: a test suite for each process, a test case for each group that fails, one
 * "no leaks" that passes for a clean process, and one in error where the trace cannot tell.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "entry.h"
#include "format.h"
#include "path.h"
#include "words.h"
#include "xml.h"

struct junit {
	struct xml *x;
	const struct format_settings *settings;
	const struct report *report;
	struct pool scratch;
};

static void put_trail(struct junit *u, const struct trail *trail)
{
	xml_text(u->x, trail->title);
	xml_text(u->x, ":\n");
	for (unsigned i = 0; i < trail->count; i++) {
		xml_text(u->x, "    ");
		xml_text(u->x, entry_spot_text(&u->scratch, &trail->spots[i]));
		xml_text(u->x, "\n");
	}
}

static void begin_case(struct junit *u, const char *class, const char *name)
{
	const char *program = words_utf8(&u->scratch, path_file(u->report->model->program));

	xml_begin(u->x, "testcase");
	xml_attribute(u->x, "classname", pool_print(&u->scratch, "leakshim.%s.%s", program, class));
	xml_attribute(u->x, "name", name);
	xml_attribute(u->x, "time", "0");
}

static void put_case(void *data, const struct entry *e)
{
	struct junit *u = data;

	begin_case(u, entry_rules[e->rule].id, pool_print(&u->scratch, "%s [%s]", entry_spot_text(&u->scratch, &e->primary),
							  e->fingerprint));
	if (e->primary.file) {
		xml_attribute(u->x, "file", e->primary.file);
		xml_attribute_number(u->x, "line", e->primary.line);
	}
	if (e->is_failure) {
		xml_begin(u->x, "failure");
		xml_attribute(u->x, "type", entry_rules[e->rule].id);
		xml_attribute(u->x, "message", e->title);
		xml_text(u->x, pool_print(&u->scratch, "%s\n%s%s%s", e->message, e->advice ? "Advice: " : "",
					  e->advice ? e->advice : "", e->advice ? "\n" : ""));
		for (unsigned i = 0; i < e->trail_count; i++)
			put_trail(u, &e->trails[i]);
		xml_end(u->x);
	} else {
		xml_element(u->x, "system-out", e->overdue ? pool_print(&u->scratch, "%s\n%s", e->title, e->message) : e->title);
	}
	xml_end(u->x);
	pool_drop(&u->scratch);
}

static void put_property(struct junit *u, const char *name, const char *value)
{
	xml_begin(u->x, "property");
	xml_attribute(u->x, "name", name);
	xml_attribute(u->x, "value", value);
	xml_end(u->x);
}

static void put_properties(struct junit *u)
{
	const struct model *m = u->report->model;
	const struct diagnosis *d = u->report->diagnosis;
	char text[WORDS_SIZE];

	xml_begin(u->x, "properties");
	put_property(u, m->process_count ? "processes" : "pid", words_process(&u->scratch, m));
	put_property(u, "trace", words_utf8(&u->scratch, m->path));
	put_property(u, "level", m->level);
	put_property(u, "end", words_utf8(&u->scratch, words_ended(&u->scratch, m)));
	put_property(u, "complete", d->is_complete ? "true" : "false");
	for (unsigned class = 0; class < CLASSES; class++)
		if (d->totals[class].blocks > 0)
			put_property(u, pool_print(&u->scratch, "%s.blocks", words_class((enum leak_class)class)),
				     words_number(text, d->totals[class].blocks, m->is_sampled));
	xml_end(u->x);
}

/* What was to be known and is not. */
static void put_error(struct junit *u, const char *name, const char *type, const char *message)
{
	begin_case(u, "all", name);
	xml_begin(u->x, "error");
	xml_attribute(u->x, "type", type);
	xml_attribute(u->x, "message", message);
	xml_end(u->x);
	xml_end(u->x);
}

static void *open_junit(FILE *to, const struct format_settings *settings)
{
	struct junit *u = pool_regrow(NULL, 1, sizeof(*u));

	*u = (struct junit){ .x = xml_open(to), .settings = settings };
	xml_begin(u->x, "testsuites");
	xml_attribute(u->x, "name", "leakshim");
	return u;
}

static void add_report(void *self, const struct report *report)
{
	struct junit *u = self;
	const struct diagnosis *d = report->diagnosis;
	unsigned cases = entry_count(d) + d->known_count, failed = entry_failures(d);
	time_t start = (time_t)(report->model->start_realtime_ns / 1000000000u);
	char stamp[32];
	struct tm at;

	u->report = report;
	xml_begin(u->x, "testsuite");
	xml_attribute(u->x, "name", pool_print(&u->scratch, "leakshim: %s (%s)",
					       words_utf8(&u->scratch, path_file(report->model->program)),
					       words_process(&u->scratch, report->model)));
	xml_attribute_number(u->x, "tests", cases + !cases + !d->is_complete + (d->unclassified != NULL));
	xml_attribute_number(u->x, "failures", failed);
	xml_attribute_number(u->x, "errors", !d->is_complete + (d->unclassified != NULL));
	xml_attribute_number(u->x, "skipped", 0);
	xml_attribute(u->x, "time", pool_print(&u->scratch, "%.3f", (double)report->model->now_us / 1e6));
	if (gmtime_r(&start, &at) && strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &at))
		xml_attribute(u->x, "timestamp", stamp);
	put_properties(u);
	if (!cases) {
		begin_case(u, "all", "no leaks");
		xml_end(u->x);
	}
	if (!d->is_complete)
		put_error(u, "everything was recorded", "incomplete", "not everything was recorded; the text report says what was missed");
	if (d->unclassified)
		put_error(u, "everything was classified", "unclassified", words_utf8(&u->scratch, d->unclassified));
	pool_drop(&u->scratch);
	entry_each(report, u->settings->source_root, true, put_case, u);
	xml_end(u->x);
}

static void unknown_program(void *self, const char *program, const char *why)
{
	struct junit *u = self;

	xml_begin(u->x, "testsuite");
	xml_attribute(u->x, "name", pool_print(&u->scratch, "leakshim: %s", program));
	xml_attribute_number(u->x, "tests", 1);
	xml_attribute_number(u->x, "failures", 0);
	xml_attribute_number(u->x, "errors", 1);
	xml_attribute_number(u->x, "skipped", 0);
	xml_begin(u->x, "testcase");
	xml_attribute(u->x, "classname", pool_print(&u->scratch, "leakshim.%s.all", path_file(program)));
	xml_attribute(u->x, "name", "everything was recorded");
	xml_begin(u->x, "error");
	xml_attribute(u->x, "type", "unknown");
	xml_attribute(u->x, "message", why);
	xml_end(u->x);
	xml_end(u->x);
	xml_end(u->x);
	pool_drop(&u->scratch);
}

static void close_junit(void *self)
{
	struct junit *u = self;

	xml_end(u->x);
	xml_close(u->x);
	free(u);
}

const struct format format_junit = { "junit", false, open_junit, add_report, close_junit, unknown_program };
