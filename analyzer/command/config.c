/* SPDX-License-Identifier: MIT */
/* Options from a file: see config.h. */
#include "config.h"

#include <errno.h>
#include <ini.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "nearest.h"
#include "pool.h"
#include "textfile.h"
#include "words.h"

#define NAME ".leakshim.ini"

/* What may stand in a file, and whether it is a path. */
static const struct {
	const char *key;
	bool is_path;
} keys[] = {
	{ "allow-incomplete", false }, { "baseline", true }, { "fail-on", false },	{ "format", false },
	{ "ignore-module", false },   { "max", false },	       { "probes", true },   { "source-root", true }, { "suppressions", true },
};
#define KEYS (sizeof(keys) / sizeof(*keys))

struct config {
	struct options *options;
	const char *path;
	FILE *file;
	char folder[PATH_MAX];
	char line[1024];
	unsigned number;
	bool has_failed;
};

/* The values stay until the program ends. */
static struct pool kept;

static void complain(struct config *c, const char *at, const char *what, const char *word)
{
	const char *found = *at ? strstr(c->line, at) : NULL;

	fputs("leakshim: ", stderr);
	words_escape(stderr, c->path);
	fprintf(stderr, ":%u:%td: %s", c->number, found ? found - c->line + 1 : (ptrdiff_t)1, what);
	if (word) {
		fputs(" '", stderr);
		words_escape(stderr, word);
		fputs("'", stderr);
	}
	c->has_failed = true;
}

static void unknown_key(struct config *c, const char *key)
{
	const char *list[KEYS + 1] = { 0 };
	const char *near;

	for (unsigned i = 0; i < KEYS; i++)
		list[i] = keys[i].key;
	near = nearest(key, list);
	complain(c, key, "unknown option", key);
	if (near)
		fprintf(stderr, "; did you mean '%s'?\n", near);
	else
		fputs("; man leakshim lists what may stand there\n", stderr);
}

static const char *resolved(const struct config *c, const char *value, bool is_path)
{
	return is_path && *value != '/' ? pool_print(&kept, "%s/%s", c->folder, value) : pool_text(&kept, value);
}

static int take(void *data, const char *section, const char *key, const char *value)
{
	struct config *c = data;
	unsigned i = 0;

	if (c->has_failed)
		return 0;
	if (*section) {
		complain(c, section, "there are no sections, but here begins", section);
		fputs("; take the line out\n", stderr);
		return 0;
	}
	while (i < KEYS && strcmp(keys[i].key, key))
		i++;
	if (i == KEYS) {
		unknown_key(c, key);
		return 0;
	}
	if (options_from_file(c->options, key, resolved(c, value, keys[i].is_path)) != OPTIONS_GO) {
		complain(c, value, "this value was not taken", NULL);
		fputs("\n", stderr);
		return 0;
	}
	return 1;
}

/* One line for the parser, remembered for messages. */
static char *next_line(char *to, int size, void *data)
{
	struct config *c = data;

	if (!fgets(to, size, c->file))
		return NULL;
	c->number++;
	snprintf(c->line, sizeof(c->line), "%s", to);
	return to;
}

/* A file that was not named: nobody else may have put it there. */
static bool is_trusted(FILE *file)
{
	struct stat st;

	return !fstat(fileno(file), &st) && S_ISREG(st.st_mode) && (st.st_uid == geteuid() || !st.st_uid) && !(st.st_mode & 022);
}

/* Looks from the working folder upwards. */
static FILE *find(struct config *c)
{
	static char path[PATH_MAX];
	char folder[PATH_MAX - sizeof(NAME) - 1];
	FILE *file;

	if (!getcwd(folder, sizeof(folder)))
		return NULL;
	for (;;) {
		char *slash = strrchr(folder, '/');

		snprintf(path, sizeof(path), "%s/%s", folder, NAME);
		file = fopen(path, "re");
		if (file && is_trusted(file)) {
			c->path = path;
			return file;
		}
		if (file)
			fclose(file);
		if (!slash || !*folder)
			return NULL;
		*slash = 0;
	}
}

static int parse(struct config *c)
{
	char *slash;
	int r;

	if (!realpath(c->path, c->folder))
		snprintf(c->folder, sizeof(c->folder), "%s", c->path);
	slash = strrchr(c->folder, '/');
	if (slash)
		*slash = 0;
	r = ini_parse_stream(next_line, c, take, c);
	fclose(c->file);
	if (r > 0 && !c->has_failed) {
		c->number = (unsigned)r;
		complain(c, "", "neither `option = value` nor a comment", NULL);
		fputs("\n", stderr);
	}
	return c->has_failed ? -1 : 0;
}

int config_read(struct options *o)
{
	struct config c = { .options = o, .path = o->config };

	if (!o->config) {
		c.file = find(&c);
		return c.file ? parse(&c) : 0;
	}
	c.file = textfile_open(o->config);
	if (c.file)
		return parse(&c);
	fputs("leakshim: ", stderr);
	words_escape(stderr, o->config);
	fprintf(stderr, ": %s; --config wants a file\n", strerror(errno));
	return -1;
}
