/* SPDX-License-Identifier: MIT */
/* The probes command: see probes.h. */
#include "probes.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalog.h"
#include "java_probes.h"
#include "probe_file.h"
#include "words.h"

#define FILE_MOST (256u * 1024) /* as the shim takes */

static struct probe_set *set_new(void)
{
	struct probe_set *set = calloc(1, sizeof(*set));

	if (!set)
		abort();
	set->types_max = PROBE_TYPES_MAX;
	set->probes_max = PROBE_FILE_MAX;
	set->types = calloc(set->types_max, sizeof(*set->types));
	set->probes = calloc(set->probes_max, sizeof(*set->probes));
	if (!set->types || !set->probes)
		abort();
	return set;
}

static void set_drop(struct probe_set *set)
{
	free(set->types);
	free(set->probes);
	free(set);
}

static unsigned probes_of_type(const struct probe_set *set, uint32_t type)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < set->probes_used; i++)
		count += set->probes[i].type == type;
	return count;
}

static void list_file(const struct catalog_file *file, struct probe_set *set)
{
	probe_file_parse(file->name, file->text, strlen(file->text), set, NULL, NULL);
	printf("%s%s\n", file->name, catalog_on_request(file->name) ? " (only when asked for by name)" : "");
	for (uint32_t i = 0; i < set->types_used; i++) {
		const struct probe_type *t = &set->types[i];

		printf("  %-24.*s %-24.*s %3u functions%s\n", (int)t->name.size, t->name.at,
		       (int)t->library.size, t->library.at, probes_of_type(set, i),
		       t->count_format ? ", count read" : "");
	}
}

static struct java_set *java_set_new(void)
{
	struct java_set *set = calloc(1, sizeof(*set));

	if (!set)
		abort();
	set->types_max = JAVA_TYPES_MAX;
	set->probes_max = JAVA_PROBES_MAX;
	set->types = calloc(set->types_max, sizeof(*set->types));
	set->probes = calloc(set->probes_max, sizeof(*set->probes));
	if (!set->types || !set->probes)
		abort();
	return set;
}

static void java_set_drop(struct java_set *set)
{
	free(set->types);
	free(set->probes);
	free(set);
}

/* Returns how many methods a Java file names. */
static unsigned list_java_file(const struct catalog_file *file)
{
	struct java_set *set = java_set_new();
	unsigned total;

	java_probes_parse(file->text, strlen(file->text), set, NULL, NULL);
	printf("%s\n", file->name);
	for (uint32_t i = 0; i < set->types_used; i++) {
		const struct java_type *t = &set->types[i];
		unsigned count = 0;

		for (uint32_t k = 0; k < set->probes_used; k++)
			count += set->probes[k].type == i;
		printf("  %-24.*s %-24.*s %3u methods\n", (int)t->name.size, t->name.at, (int)t->class_name.size,
		       t->class_name.at, count);
	}
	total = set->probes_used;
	java_set_drop(set);
	return total;
}

void probes_list(void)
{
	struct probe_set *set = set_new();
	unsigned total = 0;

	for (unsigned i = 0; i < catalog_count; i++) {
		list_file(&catalog_files[i], set);
		total += set->probes_used;
	}
	for (unsigned i = 0; i < catalog_java_count; i++)
		total += list_java_file(&catalog_java[i]);
	printf("%u functions in %u files; leakshim probes PID tells which ones a program is followed at\n",
	       total, catalog_count + catalog_java_count);
	set_drop(set);
}

static void tell(void *name, uint32_t line, uint32_t column, enum probe_gravity gravity,
		 const char *text)
{
	words_escape(stdout, name);
	printf(":%u:%u: %s: ", line, column, gravity == PROBE_ERROR ? "error" : "warning");
	words_escape(stdout, text);
	putchar('\n');
}

/* Returns the number of errors. */
static int check_java(char *name, const char *text, size_t size)
{
	struct java_set *set = java_set_new();
	int errors;

	java_probes_parse(text, size, set, tell, name);
	if (!set->errors && !set->warnings) {
		words_escape(stdout, name);
		printf(": %u methods of %u types, no mistakes\n", set->probes_used, set->types_used);
	}
	errors = (int)set->errors;
	java_set_drop(set);
	return errors;
}

/* Returns the number of errors, or -1. */
static int check_file(char *name, struct probe_set *set, char *text)
{
	FILE *from = fopen(name, "re");
	size_t size = from ? fread(text, 1, FILE_MOST + 1, from) : 0;
	int failure = !from || ferror(from) ? errno : size > FILE_MOST ? EFBIG : 0;

	if (from)
		fclose(from);
	if (failure) {
		fputs("leakshim: ", stderr);
		words_escape(stderr, name);
		fprintf(stderr, ": %s\n", strerror(failure));
		return -1;
	}
	if (java_probes_is(name))
		return check_java(name, text, size);
	probe_file_parse(name, text, size, set, tell, name);
	if (!set->errors && !set->warnings) {
		words_escape(stdout, name);
		printf(": %u functions of %u types, no mistakes\n", set->probes_used, set->types_used);
	}
	return (int)set->errors;
}

int probes_check(char **files, int count)
{
	struct probe_set *set = set_new();
	char *text = malloc(FILE_MOST + 1);
	int errors = 0, result;

	if (!text)
		abort();
	for (int i = 0; i < count && errors >= 0; i++) {
		result = check_file(files[i], set, text);
		errors = result < 0 ? -1 : errors + result;
	}
	free(text);
	set_drop(set);
	return errors;
}

static const char *const states[HOOKS] = {
	[HOOK_NOT_LOADED] = "not loaded", [HOOK_FOLLOWED] = "followed", [HOOK_REFUSED] = "refused",
	[HOOK_MISSING] = "not there",	  [HOOK_UNLOADED] = "unloaded", [HOOK_ABSENT] = "not in this version",
	[HOOK_LED] = "by imports",
};

void probes_of_trace(const struct model *m)
{
	unsigned counts[HOOKS] = { 0 };

	for (uint32_t i = 1; i < m->probe_count; i++) {
		const struct probe *probe = &m->probes[i];

		counts[probe->hook]++;
		printf("%-10s ", states[probe->hook]);
		words_escape(stdout, probe->whole);
		fputs("  ", stdout);
		if (probe->type < m->type_count)
			words_escape(stdout, m->types[probe->type].name);
		fputs("  ", stdout);
		words_escape(stdout, probe->file);
		printf(":%u", probe->line);
		if (*probe->reason) {
			fputs(": ", stdout);
			words_escape(stdout, probe->reason);
		}
		putchar('\n');
	}
	for (uint32_t i = 0; i < m->problem_count; i++) {
		words_escape(stdout, m->problems[i]);
		putchar('\n');
	}
	for (unsigned i = HOOK_FOLLOWED, shown = 0; i < HOOKS; i++)
		if (counts[i])
			printf("%s%u %s", shown++ ? ", " : "", counts[i], states[i]);
	putchar('\n');
}
