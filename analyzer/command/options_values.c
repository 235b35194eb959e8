/* SPDX-License-Identifier: MIT */
/* What follows an option: see options_values.h. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "model.h"
#include "nearest.h"
#include "options_values.h"
#include "words.h"

enum options_result value_wrong_word(const char *what, const char *word, const char *const *list)
{
	const char *near = nearest(word, list);

	fprintf(stderr, "leakshim: unknown %s '", what);
	words_escape(stderr, word);
	fputs("'", stderr);
	if (near) {
		fprintf(stderr, "; did you mean '%s'?\n", near);
		return OPTIONS_WRONG;
	}
	fputs("; there are:", stderr);
	for (; *list; list++)
		fprintf(stderr, " %s", *list);
	fputc('\n', stderr);
	return OPTIONS_WRONG;
}

static int index_of(const char *word, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (!strcmp(word, list[i]))
			return i;
	return -1;
}

int value_choose(const char *what, const char *word, const char *const *list)
{
	int i = index_of(word, list);

	if (i < 0)
		value_wrong_word(what, word, list);
	return i;
}

/* Sets the bit of each word of a list with commas. */
static enum options_result set_bits(unsigned *bits, const char *what, const char *value, const char *const *list)
{
	char *copy = strdup(value), *at = copy, *word;
	enum options_result result = OPTIONS_GO;

	while (result == OPTIONS_GO && at && (word = strsep(&at, ","))) {
		int i = value_choose(what, word, list);

		if (i < 0)
			result = OPTIONS_WRONG;
		else
			*bits |= 1u << i;
	}
	free(copy);
	return result;
}

enum options_result value_classes(unsigned *classes, const char *value)
{
	const char *list[CLASSES + 2] = { 0 };
	enum options_result result;

	for (unsigned i = 0; i < CLASSES; i++)
		list[i] = words_class((enum leak_class)i);
	list[CLASSES] = "all";
	result = set_bits(classes, "class", value, list);
	if (*classes & 1u << CLASSES)
		*classes = (1u << CLASSES) - 1;
	return result;
}

enum options_result value_without(struct options *o, const char *value)
{
	return set_bits(&o->without, "evidence", value, evidence_names);
}

static enum options_result not_wanted(const char *wanted, const char *value)
{
	fprintf(stderr, "leakshim: %s, not '", wanted);
	words_escape(stderr, value);
	fputs("'\n", stderr);
	return OPTIONS_WRONG;
}

enum options_result value_max(struct options *o, const char *value)
{
	char *end;

	errno = 0;
	o->max = strtol(value, &end, 10);
	if (*value && !*end && !errno && o->max >= 0 && o->max <= INT_MAX)
		return OPTIONS_GO;
	return not_wanted("--max wants a number, 0 for all", value);
}

enum options_result value_max_growth(struct options *o, const char *value)
{
	static const char letters[] = "kmg";
	char *end;
	const char *unit;

	errno = 0;
	o->max_growth = (double)strtoul(value, &end, 10);
	unit = *end ? strchr(letters, *end | 32) : NULL;
	if (unit)
		o->max_growth *= (double)(1ul << 10 * (unit - letters + 1)), end++;
	o->has_max_growth = *value >= '0' && *value <= '9' && !errno && (!*end || !strcmp(end, "/min"));
	if (o->has_max_growth)
		return OPTIONS_GO;
	return not_wanted("--max-growth wants bytes a minute like 65536, 64k or 1m/min", value);
}

#define REPEAT_MOST 1000
#define STRING(number) STRING_OF(number)
#define STRING_OF(number) #number

enum options_result value_repeat(struct options *o, const char *value)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (*value && !*end && n >= 1 && n <= REPEAT_MOST) {
		o->repeat = (unsigned)n;
		return OPTIONS_GO;
	}
	return not_wanted("--repeat wants a number from 1 to " STRING(REPEAT_MOST), value);
}

enum options_result value_older(struct options *o, const char *value)
{
	static const char letters[] = "smhd";
	static const unsigned seconds[] = { 1, 60, 3600, 86400 };
	char *end;
	unsigned long n = strtoul(value, &end, 10);
	const char *unit = *end ? strchr(letters, *end) : NULL;

	if (*value >= '0' && *value <= '9' && unit && !end[1] && n < 1000000) {
		o->older = (uint64_t)n * seconds[unit - letters];
		return OPTIONS_GO;
	}
	return not_wanted("--older wants a time like 90s, 30m, 12h or 1d", value);
}

enum options_result value_source_root(struct options *o, const char *value)
{
	static char root[PATH_MAX];

	if (realpath(value, root)) {
		o->source_root = root;
		return OPTIONS_GO;
	}
	fputs("leakshim: ", stderr);
	words_escape(stderr, value);
	fprintf(stderr, ": %s; --source-root wants a folder\n", strerror(errno));
	return OPTIONS_WRONG;
}
