/* SPDX-License-Identifier: MIT */
/* Baselines: see compare.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "compare.h"
#include "textfile.h"
#include "words.h"

#define VERSION 1
#define HEADING "# leakshim baseline 1: fingerprint, count, bytes, class, made by # reason until YYYY-MM-DD\n"
#define MAKER_FRAMES 3

struct known {
	char key[40]; /* fingerprint, or fingerprint and class */
	char fingerprint[9];
	double count, bytes;
	char class[24];
	char maker[256];
	char *reason; /* what a person wrote behind a #; 0: nothing */
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

/* Until when a reason says that it holds, as a number YYYYMMDD; 0: for good, -1: that is no date. */
static int until_of(const char *reason, const char **at)
{
	int year, month, day, used = 0;

	*at = strstr(reason, "until ");
	if (!*at)
		return 0;
	*at += strlen("until ");
	if (**at < '0' || **at > '9')
		return 0; /* until somebody mends it */
	if (sscanf(*at, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 || month < 1 || month > 12 || day < 1 ||
	    day > 31)
		return -1;
	return (year * 100 + month) * 100 + day;
}

static int today(void)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	return ((tm.tm_year + 1900) * 100 + tm.tm_mon + 1) * 100 + tm.tm_mday;
}

static int complain(const char *path, unsigned number, ptrdiff_t column, const char *what)
{
	fputs("leakshim: ", stderr);
	words_escape(stderr, path);
	fprintf(stderr, ":%u:%td: %s\n", number, column + 1, what);
	return -1;
}

/* A line that is no comment. Returns 0, or -1 after saying what is wrong. */
static int read_group(struct baseline *b, const char *path, unsigned number, char *line)
{
	char fingerprint[16], class[24];
	double count, bytes;
	int used = 0, until;
	const char *date;
	struct known *k;

	if (sscanf(line, "%15s %lf %lf %23s %n", fingerprint, &count, &bytes, class, &used) < 4 || strlen(fingerprint) != 8)
		return complain(path, number, 0, "this is no line of a baseline; want: fingerprint count bytes class made-by");
	char *reason = strstr(line + used, " # ");
	until = reason ? until_of(reason, &date) : 0;
	if (until < 0)
		return complain(path, number, date - line, "this is no date; want YYYY-MM-DD, after which the line holds no more");
	if (find(b, fingerprint, class))
		return 0;
	if (until && until < today()) {
		complain(path, number, date - line, "this date is over: the line holds no more");
		if (!b->is_rewritten)
			return 0;
	}
	k = make(b, fingerprint, class);
	k->count = count;
	k->bytes = bytes;
	k->reason = reason ? strdup(reason + 3) : NULL;
	snprintf(k->maker, sizeof(k->maker), "%.*s", (int)(reason ? reason - line - used : (ptrdiff_t)strlen(line + used)),
		 line + used);
	return 0;
}

static int read_line(struct baseline *b, const char *path, unsigned number, char *line)
{
	int version;

	line[strcspn(line, "\n")] = 0;
	if (sscanf(line, "# leakshim baseline %d", &version) == 1 && version != VERSION)
		return complain(path, number, 0, "a baseline of another version; write it anew with --write-baseline");
	return *line == '#' || !*line ? 0 : read_group(b, path, number, line);
}

int baseline_read(struct baseline *b, const char *path)
{
	FILE *file = textfile_open(path);
	unsigned number = 0;
	char *line = NULL;
	size_t room = 0;
	int r = 0;

	if (!file) {
		fputs("leakshim: ", stderr);
		words_escape(stderr, path);
		fprintf(stderr, ": %s; --write-baseline makes one\n", strerror(errno));
		return -1;
	}
	while (!r && getline(&line, &room, file) > 0)
		r = read_line(b, path, ++number, line);
	free(line);
	fclose(file);
	return r;
}

int baseline_keep_reasons(struct baseline *b, const char *path)
{
	struct baseline old = { .is_rewritten = true };
	int r = access(path, F_OK) ? 0 : baseline_read(&old, path);

	for (const struct known *k = old.groups; k && !r; k = k->hh.next) {
		struct known *same = find(b, k->fingerprint, k->class);

		if (same && k->reason && !same->reason)
			same->reason = strdup(k->reason);
	}
	baseline_drop(&old);
	return r;
}

void baseline_drop(struct baseline *b)
{
	struct known *k, *next;

	HASH_ITER(hh, b->groups, k, next) {
		HASH_DEL(b->groups, k);
		free(k->reason);
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
		if ((unsigned char)*c < ' ' || *c == 127 || *c == '#')
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
		fprintf(file, "%s %.0f %.0f %s %s%s%s\n", k->fingerprint, k->count, k->bytes, k->class, k->maker, k->reason ? " # " : "",
			k->reason ? k->reason : "");
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

bool baseline_has(const struct baseline *b, const struct leak *leak)
{
	return find(b, leak->fingerprint, class_of(leak)) != NULL;
}
