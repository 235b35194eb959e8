/* SPDX-License-Identifier: MIT */
/* Diagnosis -> GitLab's Code Quality report (the fields of a CodeClimate issue that GitLab reads): one array for all processes. */
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "format.h"
#include "json.h"
#include "words.h"

struct gitlab {
	struct json *j;
	const struct format_settings *settings;
	struct pool scratch;
};

static const char *severity(const struct entry *e)
{
	const char *level = entry_level(e);

	return !strcmp(level, "error") ? "critical" : !strcmp(level, "warning") ? "minor" : "info";
}

static void put_issue(void *data, const struct entry *e)
{
	struct gitlab *g = data;
	const struct spot *spot = &e->primary;

	json_object(g->j);
	json_put_text(g->j, "description", pool_print(&g->scratch, "%s. %s", e->title, e->message));
	json_put_text(g->j, "check_name", entry_rules[e->rule].id);
	json_put_text(g->j, "fingerprint", e->fingerprint);
	json_put_text(g->j, "severity", severity(e));
	json_put_object(g->j, "location");
	json_put_text(g->j, "path", spot->file ? spot->file : spot->module ? spot->module : "unknown");
	json_put_object(g->j, "lines");
	json_put_number(g->j, "begin", spot->line ? spot->line : 1);
	if (spot->last_line > spot->line)
		json_put_number(g->j, "end", spot->last_line);
	json_object_end(g->j);
	json_object_end(g->j);
	json_object_end(g->j);
	pool_drop(&g->scratch);
}

static void *open_gitlab(FILE *to, const struct format_settings *settings)
{
	struct gitlab *g = pool_regrow(NULL, 1, sizeof(*g));

	*g = (struct gitlab){ .j = json_open(to, 1), .settings = settings };
	json_array(g->j);
	return g;
}

static void add_report(void *self, const struct report *report)
{
	struct gitlab *g = self;

	entry_each(report, g->settings->source_root, false, put_issue, g);
}

static void close_gitlab(void *self)
{
	struct gitlab *g = self;

	json_array_end(g->j);
	json_close(g->j);
	free(g);
}

const struct format format_gitlab = { "gitlab", false, open_gitlab, add_report, close_gitlab, NULL };
