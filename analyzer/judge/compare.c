/* SPDX-License-Identifier: MIT */
/* Baselines: see compare.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uthash.h>

#include "compare.h"
#include "words.h"

#define HEADING "# leakshim baseline 1: fingerprint, count, bytes, class, made by\n"
#define MAKER_FRAMES 3

struct known {
	char key[40]; /* fingerprint, or fingerprint and class */
	char fingerprint[9];
	double count, bytes;
	char class[24];
	char maker[256];
	bool is_met;
	UT_hash_handle hh;
};

/* A trace that was never scanned calls nothing lost; in which way something is lost may change from look to look. */
static const char *class_of(const struct leak *leak)
{
	switch (leak->class) {
	case CLASS_UNCLASSIFIED:
		return words_class(CLASS_REACHABLE);
	case CLASS_INDIRECT:
	case CLASS_POSSIBLE:
		return words_class(CLASS_DEFINITE);
	default:
		return words_class(leak->class);
	}
}

static struct known *find(const struct baseline *b, const char *fingerprint, const char *class)
{
	struct known *k;
	char key[sizeof(k->key)];

	snprintf(key, sizeof(key), "%s%s", fingerprint, b->by_class ? class : "");
	HASH_FIND_STR(b->groups, key, k);
	return k;
}

static struct known *make(struct baseline *b, const char *fingerprint, const char *class)
{
	struct known *k = calloc(1, sizeof(*k));

	if (!k)
		abort();
	snprintf(k->key, sizeof(k->key), "%s%s", fingerprint, b->by_class ? class : "");
	snprintf(k->fingerprint, sizeof(k->fingerprint), "%s", fingerprint);
	snprintf(k->class, sizeof(k->class), "%s", class);
	HASH_ADD_STR(b->groups, key, k);
	return k;
}

int baseline_read(struct baseline *b, const char *path)
{
	FILE *file = fopen(path, "re");
	char line[1024], fingerprint[16], class[24];
	unsigned number = 0;
	int r = 0;

	if (!file) {
		fprintf(stderr, "leakshim: %s: %s; --write-baseline makes one\n", path, strerror(errno));
		return -1;
	}
	while (!r && fgets(line, sizeof(line), file)) {
		double count, bytes;
		int used = 0;

		number++;
		if (*line == '#' || *line == '\n')
			continue;
		if (sscanf(line, "%15s %lf %lf %23s %n", fingerprint, &count, &bytes, class, &used) < 4 ||
		    strlen(fingerprint) != 8) {
			fprintf(stderr, "leakshim: %s:%u: this is no line of a baseline\n", path, number);
			r = -1;
		} else if (!find(b, fingerprint, class)) {
			struct known *k = make(b, fingerprint, class);

			k->count = count;
			k->bytes = bytes;
			snprintf(k->maker, sizeof(k->maker), "%.*s", (int)strcspn(line + used, "\n"), line + used);
		}
	}
	fclose(file);
	return r;
}

void baseline_drop(struct baseline *b)
{
	struct known *k, *next;

	HASH_ITER(hh, b->groups, k, next) {
		HASH_DEL(b->groups, k);
		free(k);
	}
}

static void describe(struct known *k, const struct leak *leak)
{
	size_t at = 0;
	unsigned named = 0;

	at += (size_t)snprintf(k->maker, sizeof(k->maker), "%s", leak->type);
	for (unsigned i = 0; i < leak->stack.depth && named < MAKER_FRAMES && at < sizeof(k->maker); i++) {
		const struct place *place = leak->stack.places[i];
		const char *name = place->frames[0].function;

		at += (size_t)snprintf(k->maker + at, sizeof(k->maker) - at, " < %s",
				       name ? name : place->module ? place->module->name : "?");
		named++;
	}
	for (char *c = k->maker; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 127)
			*c = '?';
}

void baseline_add(struct baseline *b, const struct diagnosis *d)
{
	for (uint32_t i = 0; i < d->leak_count; i++) {
		const struct leak *leak = &d->leaks[i];
		struct known *k = find(b, leak->fingerprint, class_of(leak));

		if (!k)
			k = make(b, leak->fingerprint, class_of(leak));
		if (leak->count <= k->count)
			continue;
		k->count = leak->count;
		k->bytes = leak->bytes;
		snprintf(k->class, sizeof(k->class), "%s", words_class(leak->class));
		describe(k, leak);
	}
}

static int by_fingerprint(const struct known *a, const struct known *b)
{
	return strcmp(a->fingerprint, b->fingerprint);
}

int baseline_write(struct baseline *b, const char *path)
{
	FILE *file = fopen(path, "we");

	if (!file) {
		fprintf(stderr, "leakshim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	HASH_SORT(b->groups, by_fingerprint);
	fputs(HEADING, file);
	for (const struct known *k = b->groups; k; k = k->hh.next)
		fprintf(file, "%s %.0f %.0f %s %s\n", k->fingerprint, k->count, k->bytes, k->class, k->maker);
	if (fclose(file)) {
		fprintf(stderr, "leakshim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	return 0;
}

enum compare baseline_compare(struct baseline *b, const struct leak *leak, double count, struct before *before)
{
	struct known *k = find(b, leak->fingerprint, class_of(leak));

	*before = (struct before){ 0 };
	if (!k)
		return COMPARE_NEW;
	k->is_met = true;
	*before = (struct before){ k->count, k->bytes };
	return count > k->count + 0.5 ? COMPARE_GROWN : COMPARE_KNOWN;
}

void baseline_gone(const struct baseline *b, uint32_t most, FILE *to)
{
	uint32_t count = 0;
	char a[WORDS_SIZE];

	for (const struct known *k = b->groups; k; k = k->hh.next) {
		if (k->is_met || (++count > most && most))
			continue;
		fprintf(to, "leakshim: gone: [%s] %s %s, ", k->fingerprint, words_number(a, k->count, false),
			k->count < 1.5 ? "block" : "blocks");
		words_escape(to, k->maker);
		fputc('\n', to);
	}
	if (most && count > most)
		fprintf(to, "leakshim: ... and %s more are gone (--max 0 shows all)\n", words_number(a, count - most, false));
}
