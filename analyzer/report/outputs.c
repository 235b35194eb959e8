/* SPDX-License-Identifier: MIT */
/* Several formats at once: see outputs.h. */
#include "outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nearest.h"
#include "words.h"

struct text {
	FILE *to;
	bool is_first_done;
};

static void *open_text(FILE *to, const struct format_settings *settings)
{
	struct text *t = pool_regrow(NULL, 1, sizeof(*t));

	(void)settings;
	*t = (struct text){ .to = to };
	return t;
}

static void add_text(void *self, const struct report *report)
{
	struct text *t = self;

	if (t->is_first_done) {
		fprintf(t->to, "\nleakshim: process %u, ", report->model->pid);
		words_escape(t->to, report->model->program);
		fputs(":\n", t->to);
	}
	t->is_first_done = true;
	report_text(t->to, report);
}

static void close_text(void *self)
{
	free(self);
}

static void *open_json(FILE *to, const struct format_settings *settings)
{
	(void)settings;
	return report_json_open(to);
}

static void add_json(void *self, const struct report *report)
{
	report_json_add(self, report);
}

static void close_json(void *self)
{
	report_json_close(self);
}

static void unknown_json(void *self, const char *program, const char *why)
{
	report_json_unknown(self, program, why);
}

static const struct format format_text = { "text", false, open_text, add_text, close_text, NULL };
static const struct format format_json = { "json", false, open_json, add_json, close_json, unknown_json };

static const struct format *const formats[] = { &format_text,	    &format_json,     &format_sarif,  &format_junit,
						&format_github,	    &format_gitlab,   &format_markdown, &format_html,
						&format_valgrind_xml, &format_pprof,  &format_folded, &format_openmetrics };
#define FORMATS (sizeof(formats) / sizeof(*formats))

const char *const *outputs_names(void)
{
	static const char *names[FORMATS + 1];

	for (unsigned i = 0; i < FORMATS; i++)
		names[i] = formats[i]->name;
	return names;
}

/* One item of a list. */
struct item {
	const struct format *format; /* 0: unknown */
	char *name, *path;           /* path: 0: none given */
};

/* Cuts the first item off; *list becomes 0 after the last one. The item's texts point into it. */
static struct item next_item(char **list)
{
	struct item item = { .name = strsep(list, ",") };

	item.path = strchr(item.name, '=');
	if (item.path)
		*item.path++ = 0;
	for (unsigned i = 0; i < FORMATS; i++)
		if (!strcmp(formats[i]->name, item.name))
			item.format = formats[i];
	return item;
}

static int complain(const char *before, const char *name, const char *after)
{
	fprintf(stderr, "leakshim: %s'", before);
	words_escape(stderr, name);
	fprintf(stderr, "'%s", after);
	return -1;
}

static int unknown(const char *name)
{
	const char *near = nearest(name, outputs_names());

	complain("unknown format ", name, near ? "; did you mean '" : "; there are:");
	if (near)
		fprintf(stderr, "%s'?", near);
	for (const char *const *at = outputs_names(); !near && *at; at++)
		fprintf(stderr, " %s", *at);
	fputc('\n', stderr);
	return -1;
}

int outputs_check(const char *list)
{
	char *copy = strdup(list), *at = copy;
	unsigned without_file = 0, count = 0;
	int status = 0;

	while (at && !status) {
		struct item item = next_item(&at);

		if (!item.format)
			status = unknown(item.name);
		else if (item.path && !*item.path)
			status = complain("the format ", item.name, " wants a file behind its =\n");
		else if (++count > OUTPUTS_MOST)
			status = complain("too many formats at ", item.name, "\n");
		else if (!item.path && ++without_file > 1)
			status = complain("only one format can go to the terminal; give the format ", item.name,
					  " a file: FORMAT=FILE\n");
	}
	free(copy);
	return status;
}

bool outputs_want_all(const char *list)
{
	char *copy = strdup(list ? list : "text"), *at = copy;
	bool want = false;

	while (at)
		want |= next_item(&at).format != &format_text;
	free(copy);
	return want;
}

/* A report may name secrets of a machine: only its owner reads it, as with traces. */
static FILE *create(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	FILE *to = fd < 0 ? NULL : fdopen(fd, "w");

	if (fd >= 0 && !to)
		close(fd);
	return to;
}

static void failed(struct outputs *o, const char *path, const char *what)
{
	fputs("leakshim: ", stderr);
	words_escape(stderr, path);
	fprintf(stderr, ": %s: %s; give another file\n", what, strerror(errno));
	o->has_failed = true;
}

static void open_one(struct outputs *o, const struct format *format, const char *path, FILE *usual)
{
	struct output_file *file = &o->file[o->count];

	*file = (struct output_file){ .format = format, .to = usual };
	if (path && !strcmp(path, "-"))
		file->to = stdout;
	else if (path) {
		file->to = create(path);
		if (!file->to) {
			failed(o, path, "cannot be written");
			return;
		}
		file->path = strdup(path);
	} else if (format->is_binary && isatty(fileno(usual))) {
		fprintf(stderr, "leakshim: %s is nothing for a terminal; give it a file: --format %s=FILE\n", format->name, format->name);
		o->has_failed = true;
		return;
	}
	if (format == &format_text && !file->path)
		o->words = file->to;
	file->self = format->open(file->to, &o->settings);
	o->count++;
}

/* A step of GitHub Actions has a file for its summary. */
static void open_summary(struct outputs *o)
{
	const char *path = getenv("GITHUB_STEP_SUMMARY");
	FILE *to = path && *path && o->count < OUTPUTS_MOST ? fopen(path, "ae") : NULL;

	if (!to)
		return;
	o->file[o->count++] = (struct output_file){ .format = &format_markdown, .to = to, .path = strdup(path),
						    .self = format_markdown.open(to, &o->settings) };
}

void outputs_open(struct outputs *o, const char *list, FILE *usual)
{
	char *copy = strdup(list ? list : "text"), *at = copy;

	o->words = NULL;
	while (at && o->count < OUTPUTS_MOST) {
		struct item item = next_item(&at);

		if (!item.format)
			continue;
		open_one(o, item.format, item.path, usual);
		if (item.format == &format_github)
			open_summary(o);
	}
	free(copy);
	if (o->words)
		return;
	for (unsigned i = 0; i < o->count; i++)
		if (o->file[i].to == stderr)
			o->words = o->nowhere = fopen("/dev/null", "we");
	if (!o->words)
		o->words = stderr;
}

void outputs_add(struct outputs *o, const struct report *report, bool with_text)
{
	for (unsigned i = 0; i < o->count; i++)
		if (with_text || o->file[i].format != &format_text)
			o->file[i].format->add(o->file[i].self, report);
}

void outputs_unknown(struct outputs *o, const char *program, const char *why)
{
	struct pool scratch = { 0 };
	const char *name = words_utf8(&scratch, program);

	for (unsigned i = 0; i < o->count; i++)
		if (o->file[i].format->unknown)
			o->file[i].format->unknown(o->file[i].self, name, why);
	pool_drop(&scratch);
}

int outputs_close(struct outputs *o)
{
	for (unsigned i = 0; i < o->count; i++) {
		struct output_file *file = &o->file[i];

		file->format->close(file->self);
		if (fflush(file->to) || ferror(file->to))
			failed(o, file->path ? file->path : "the report", "could not be written");
		if (file->path)
			fclose(file->to);
		free(file->path);
	}
	if (o->nowhere)
		fclose(o->nowhere);
	o->nowhere = NULL;
	o->count = 0;
	return o->has_failed ? -1 : 0;
}
