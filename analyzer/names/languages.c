/* SPDX-License-Identifier: MIT */
/* What runtimes of languages make for themselves: see languages.h. */
#include "languages.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "words.h"
#include "textfile.h"

#define LANGUAGES_MOST 32u /* a bit each */

struct globs {
	const char **list;
	unsigned count;
};

struct language {
	const char *name, *names, *pool; /* the latter two: advice */
	struct globs modules, libraries, starts, excepts;
	bool has_code;
};

struct languages {
	struct pool *pool;
	struct language all[LANGUAGES_MOST];
	unsigned count;
	uint32_t *is_module, *is_library; /* by module of the model: a bit for each language */
	struct language *now; /* whose lines are read */
	uint32_t code, met; /* the same: makes code; has a module in this model */
};

static void add_glob(struct languages *l, struct globs *g, const char *word)
{
	const char **list = pool_array(l->pool, g->count + 1u, sizeof(*list));

	if (g->count)
		memcpy(list, g->list, g->count * sizeof(*list));
	list[g->count++] = pool_text(l->pool, word);
	g->list = list;
}

/* A line of text for people. */
static bool read_advice(struct languages *l, const char *line)
{
	bool is_names = !strncmp(line, "names ", 6), is_pool = !strncmp(line, "pool ", 5);
	const char *text = line + (is_names ? 6 : 5);

	if (!l->now || !(is_names || is_pool))
		return false;
	text = pool_text(l->pool, text + strspn(text, " \t"));
	if (is_names)
		l->now->names = text;
	else
		l->now->pool = text;
	return true;
}

/* Returns what is wrong with a line, 0: nothing. */
static const char *read_line(struct languages *l, char *line)
{
	struct language *now = l->now;
	char *word, *rest = line;
	struct globs *to = NULL;
	const char *kind = NULL;

	line[strcspn(line, "#\n")] = 0;
	if (read_advice(l, line))
		return NULL;
	while ((word = strsep(&rest, " \t\r"))) {
		if (!*word)
			continue;
		if (!kind) {
			kind = word;
			if (!strcmp(kind, "runtime"))
				continue;
			if (!now)
				return "it comes before the first runtime line";
			to = !strcmp(kind, "module")	? &now->modules
			     : !strcmp(kind, "library") ? &now->libraries
			     : !strcmp(kind, "start")	? &now->starts
			     : !strcmp(kind, "except")	? &now->excepts
							: NULL;
			if (!strcmp(kind, "code"))
				now->has_code = true;
			else if (!to)
				return "want runtime, module, library, code, start or except";
		} else if (to) {
			add_glob(l, to, word);
		} else if (!strcmp(kind, "runtime")) {
			if (l->count == LANGUAGES_MOST)
				return "there are too many runtimes";
			l->now = &l->all[l->count++];
			l->now->name = pool_text(l->pool, word);
			return NULL;
		} else {
			return "code takes no word";
		}
	}
	return kind && !strcmp(kind, "runtime") ? "a runtime has a name" : NULL;
}

static int read_text(struct languages *l, const char *name, const char *text)
{
	char *copy = pool_text(l->pool, text), *line;
	unsigned number = 0;

	l->now = NULL;
	while ((line = strsep(&copy, "\n"))) {
		const char *wrong = read_line(l, line);

		number++;
		if (!wrong)
			continue;
		fprintf(stderr, "leakshim: %s:%u: this is no line about a runtime: %s\n", name, number, wrong);
		return -1;
	}
	return 0;
}

struct languages *languages_open(struct pool *p)
{
	struct languages *l = pool_take(p, sizeof(*l));

	l->pool = p;
	for (unsigned i = 0; i < catalog_runtime_count; i++)
		read_text(l, catalog_runtimes[i].name, catalog_runtimes[i].text);
	return l;
}

int languages_read(struct languages *l, const char *path)
{
	FILE *file = textfile_open(path);
	char *text = NULL;
	size_t size = 0;
	ssize_t length;
	int r;

	if (!file) {
		fprintf(stderr, "leakshim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	length = getdelim(&text, &size, 0, file);
	r = read_text(l, path, length > 0 ? text : "");
	free(text);
	fclose(file);
	return r;
}

static bool matches(const struct globs *g, const char *path, const char *name)
{
	for (unsigned i = 0; i < g->count; i++)
		if (!fnmatch(g->list[i], strchr(g->list[i], '/') ? path : name, 0))
			return true;
	return false;
}

void languages_meet(struct languages *l, struct model *m)
{
	l->is_module = pool_array(l->pool, m->module_count + 1u, sizeof(*l->is_module));
	l->is_library = pool_array(l->pool, m->module_count + 1u, sizeof(*l->is_library));
	l->met = l->code = 0;
	for (unsigned k = 0; k < l->count; k++)
		l->code |= l->all[k].has_code ? 1u << k : 0;
	for (uint32_t i = 1; i < m->module_count; i++) {
		struct module *module = &m->modules[i];

		for (unsigned k = 0; k < l->count; k++) {
			if (matches(&l->all[k].modules, module->path, module->name))
				l->is_module[i] |= 1u << k;
			if (matches(&l->all[k].libraries, module->path, module->name))
				l->is_library[i] |= 1u << k;
		}
		if (runtime_is_system(module) || module->kind == MODULE_SHIM || module->kind == MODULE_VDSO)
			l->is_library[i] = ~0u;
		l->met |= l->is_module[i];
		module->is_runtime = l->is_module[i] != 0;
	}
	for (unsigned k = 0; k < l->count; k++)
		if (!l->all[k].modules.count) /* linked into programs of any name */
			l->met |= 1u << k;
}

static bool is_one_of(const struct globs *g, const char *function)
{
	for (unsigned i = 0; function && i < g->count; i++)
		if (!fnmatch(g->list[i], function, 0))
			return true;
	return false;
}

/* Is the stack this language's own? */
static bool owns(const struct languages *l, const struct model *m, unsigned which, const struct runtime_frame *frames,
		 unsigned count)
{
	const struct language *language = &l->all[which];
	bool is_inside = false;

	for (unsigned i = 0; i < count; i++) {
		uint32_t module = frames[i].module ? (uint32_t)(frames[i].module - m->modules) : 0;
		uint32_t mine = module ? l->is_module[module] : 0, passes = module ? l->is_library[module] : l->code;

		if (!language->modules.count && is_one_of(&language->starts, frames[i].function))
			return true;
		if (!((mine | passes) >> which & 1))
			return false;
		is_inside |= mine >> which & 1;
		if (mine >> which & 1 && is_one_of(&language->excepts, frames[i].function))
			return false;
		if (mine >> which & 1 && is_one_of(&language->starts, frames[i].function))
			return true;
	}
	return is_inside;
}

const char *languages_owner(const struct languages *l, const struct model *m, const struct runtime_frame *frames,
			    unsigned count)
{
	for (unsigned k = 0; k < l->count; k++)
		if (l->met >> k & 1 && owns(l, m, k, frames, count))
			return l->all[k].name;
	return NULL;
}

const char *languages_names(const struct languages *l)
{
	for (unsigned k = 0; l && k < l->count; k++)
		if (l->met >> k & 1 && l->all[k].names)
			return l->all[k].names;
	return NULL;
}

const char *languages_pool(const struct languages *l, const char *language)
{
	for (unsigned k = 0; l && language && k < l->count; k++)
		if (!strcmp(l->all[k].name, language))
			return l->all[k].pool;
	return NULL;
}
