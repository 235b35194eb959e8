/* SPDX-License-Identifier: MIT */
/* Suppressions in LeakSanitizer's and Valgrind's syntax: see suppress.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"
#include "path.h"
#include "suppress.h"
#include "textfile.h"
#include "words.h"

#define FRAMES_MAX 24 /* what Valgrind takes */
#define ALL_KINDS 15u

enum line_kind { LINE_FUN, LINE_OBJ, LINE_SRC, LINE_ANY };

struct line {
	enum line_kind kind;
	const char *pattern, *other; /* other: a mangled pattern as a person reads it */
};

struct entry {
	char *text;   /* how the summary calls it */
	const char *origin;
	bool is_lsan, is_module; /* is_module: of the code that made it */
	unsigned kinds; /* bit: definite, possible, indirect, reachable */
	struct line lines[FRAMES_MAX];
	unsigned line_count;
	double blocks, bytes;
	uint32_t groups;
	struct entry *next;
};

struct suppressions {
	struct pool pool;
	struct entry *first, **last;
};

struct suppressions *suppress_open(void)
{
	struct suppressions *s = calloc(1, sizeof(*s));

	if (!s)
		abort();
	s->last = &s->first;
	return s;
}

void suppress_close(struct suppressions *s)
{
	if (!s)
		return;
	pool_drop(&s->pool);
	free(s);
}

static struct entry *add(struct suppressions *s, const char *text, const char *origin)
{
	struct entry *e = pool_take(&s->pool, sizeof(*e));

	memset(e, 0, sizeof(*e));
	e->text = pool_text(&s->pool, text);
	e->origin = pool_text(&s->pool, origin);
	e->kinds = ALL_KINDS;
	*s->last = e;
	s->last = &e->next;
	return e;
}

/* Cuts white space off both ends, in place. */
static char *trim(char *at)
{
	size_t n;

	at += strspn(at, " \t\r");
	n = strlen(at);
	while (n && strchr(" \t\r", at[n - 1]))
		at[--n] = 0;
	return at;
}

/* Whole match, * for anything and ? for one, as Valgrind has it. */
static bool matches_whole(const char *pattern, const char *text)
{
	const char *star = NULL, *again = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			again = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++again;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* Match anywhere, with ^ and $, as LeakSanitizer has it. */
static bool matches_part(const char *pattern, const char *text)
{
	char whole[1024];
	size_t n = strlen(pattern);
	bool from_start = *pattern == '^', to_end = n && pattern[n - 1] == '$';

	if (n + 3 > sizeof(whole))
		return false;
	snprintf(whole, sizeof(whole), "%s%.*s%s", from_start ? "" : "*",
		 (int)(n - from_start - (to_end && n > 1)), pattern + from_start, to_end ? "" : "*");
	return matches_whole(whole, text);
}

static unsigned kinds_of(const char *text)
{
	unsigned kinds = 0;

	kinds |= strstr(text, "definite") ? 1 : 0;
	kinds |= strstr(text, "possible") ? 2 : 0;
	kinds |= strstr(text, "indirect") ? 4 : 0;
	kinds |= strstr(text, "reachable") ? 8 : 0;
	return strstr(text, "all") ? ALL_KINDS : kinds;
}

static unsigned kind_of(const struct leak *leak)
{
	unsigned kinds = (leak->definite.count > 0 ? 1 : 0) | (leak->possible.count > 0 ? 2 : 0) |
			 (leak->hanging.count > 0 ? 4 : 0) | (leak->uncertain.count > 0 ? 4 : 0);

	if (kinds)
		return kinds;
	return leak->class == CLASS_REACHABLE || leak->class == CLASS_HELD ? 8 : 1;
}

static void add_line(struct suppressions *s, struct entry *e, const char *text)
{
	struct line *line = &e->lines[e->line_count];

	if (e->line_count == FRAMES_MAX)
		return;
	memset(line, 0, sizeof(*line));
	if (!strncmp(text, "fun:", 4) || !strncmp(text, "obj:", 4) || !strncmp(text, "src:", 4)) {
		line->kind = *text == 'f' ? LINE_FUN : *text == 'o' ? LINE_OBJ : LINE_SRC;
		line->pattern = pool_text(&s->pool, text + 4);
		if (line->kind == LINE_FUN && !strncmp(line->pattern, "_Z", 2) && !strpbrk(line->pattern, "*?"))
			line->other = demangle(&s->pool, line->pattern);
	} else if (!strcmp(text, "...")) {
		line->kind = LINE_ANY;
	} else {
		return;
	}
	e->line_count++;
}

/* The part of a Valgrind entry between its braces. Returns where it ends. */
static char *read_block(struct suppressions *s, char *at, const char *origin)
{
	struct entry *e = NULL;
	char *name = NULL, *line;
	bool is_leak = false;

	while ((line = strsep(&at, "\n"))) {
		line = trim(line);
		if (*line == '}')
			break;
		if (!*line || *line == '#')
			continue;
		if (!name) {
			name = line;
		} else if (!e && !is_leak) { /* tool,tool:kind */
			char *colon = strchr(line, ':');

			is_leak = true;
			if (colon && strstr(line, "Memcheck") && !strcmp(trim(colon + 1), "Leak"))
				e = add(s, name, origin);
		} else if (e && !strncmp(line, "match-leak-kinds:", 17)) {
			e->kinds = kinds_of(line + 17);
		} else if (e) {
			add_line(s, e, line);
		}
	}
	return at;
}

int suppress_add(struct suppressions *s, const char *text, const char *origin)
{
	char *copy = pool_text(&s->pool, text), *at = copy, *line;
	unsigned number = 0;

	while ((line = strsep(&at, "\n"))) {
		number++;
		line = trim(line);
		if (!*line || *line == '#')
			continue;
		if (*line == '{') {
			if (at)
				at = read_block(s, at, origin);
		} else if (!strncmp(line, "leak:", 5) && line[5]) {
			struct entry *e = add(s, line, origin);

			e->is_lsan = true;
			e->lines[0].pattern = e->text + 5;
		} else if (!strchr(line, ':')) { /* race:, vptr: and the like are for other tools */
			fprintf(stderr, "leakshim: %s:%u: this is no suppression: '", origin, number);
			words_escape(stderr, line);
			fputs("'; want leak:PATTERN or a Valgrind entry in braces\n", stderr);
			return -1;
		}
	}
	return 0;
}

void suppress_module(struct suppressions *s, const char *glob)
{
	struct entry *e = add(s, glob, "--ignore-module");

	e->is_module = true;
	e->lines[0].pattern = e->text;
}

int suppress_read(struct suppressions *s, const char *path)
{
	FILE *file = textfile_open(path);
	char *text = NULL;
	size_t size = 0;
	int r = -1;

	if (!file) {
		fprintf(stderr, "leakshim: %s: %s\n", path, strerror(errno));
		return -1;
	}
	ssize_t length = getdelim(&text, &size, 0, file);
	if (length >= 0 || feof(file))
		r = suppress_add(s, length > 0 ? text : "", path);
	free(text);
	fclose(file);
	return r;
}

/* A frame as the patterns see it; module 0 and all strings 0 for the allocating function. */
struct seen {
	const char *function, *file, *module;
	bool is_libc;
};

static bool is_allocator(const char *pattern)
{
	static const char *const names[] = { "malloc", "calloc", "realloc", "reallocarray", "memalign",
					     "posix_memalign", "aligned_alloc", "valloc", "pvalloc", "_Znwm",
					     "_Znam", "_Znwj", "_Znaj", "_ZnwmRKSt9nothrow_t",
					     "_ZnamRKSt9nothrow_t", "_ZnwmSt11align_val_t",
					     "_ZnamSt11align_val_t", "operator new", "operator new[]",
					     "operator new(unsigned long)", "operator new[](unsigned long)" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (matches_whole(pattern, names[i]))
			return true;
	return false;
}

static bool line_matches(const struct line *line, const struct seen *f)
{
	bool is_virtual = !f->function && !f->module && !f->file;

	switch (line->kind) {
	case LINE_FUN:
		if (is_virtual)
			return is_allocator(line->pattern);
		return f->function && (matches_whole(line->pattern, f->function) ||
				       (line->other && !strcmp(line->other, f->function)));
	case LINE_OBJ:
		return is_virtual || (f->module && matches_whole(line->pattern, f->module));
	case LINE_SRC:
		return f->file && (matches_whole(line->pattern, f->file) ||
				   matches_whole(line->pattern, path_file(f->file)));
	default:
		return true;
	}
}

static bool lines_match(const struct line *lines, unsigned count, const struct seen *frames, unsigned depth)
{
	while (count && depth && lines->kind != LINE_ANY) {
		if (!line_matches(lines, frames))
			return false;
		lines++, count--, frames++, depth--;
	}
	if (!count)
		return true;
	if (lines->kind != LINE_ANY)
		return false;
	for (unsigned i = 0; i <= depth; i++)
		if (lines_match(lines + 1, count - 1, frames + i, depth - i))
			return true;
	return false;
}

static bool lsan_matches(const struct entry *e, const struct seen *frames, unsigned depth)
{
	const char *pattern = e->lines[0].pattern;

	for (unsigned i = 1; i < depth; i++)
		if ((frames[i].function && matches_part(pattern, frames[i].function)) ||
		    (frames[i].file && matches_part(pattern, frames[i].file)) ||
		    (frames[i].module && matches_part(pattern, frames[i].module)))
			return true;
	return false;
}

/* Whose code it is: libc's own functions work for their caller. */
static bool module_matches(const struct entry *e, const struct seen *frames, unsigned depth)
{
	const char *pattern = e->lines[0].pattern;
	unsigned i = 1;

	while (i + 1 < depth && frames[i].is_libc)
		i++;
	return i < depth && frames[i].module &&
	       matches_whole(pattern, strchr(pattern, '/') ? frames[i].module : path_file(frames[i].module));
}

static bool entry_matches(const struct entry *e, const struct leak *leak, const struct seen *frames, unsigned depth)
{
	if (e->is_module)
		return module_matches(e, frames, depth);
	if (e->is_lsan)
		return lsan_matches(e, frames, depth);
	return e->kinds & kind_of(leak) && lines_match(e->lines, e->line_count, frames, depth);
}

bool suppress_matches(struct suppressions *s, const struct leak *leak, const struct stack *stack)
{
	unsigned depth = 1, room = 1;
	struct seen *frames;
	bool found = false;

	for (unsigned i = 0; i < stack->depth; i++)
		room += stack->places[i]->count;
	frames = calloc(room, sizeof(*frames)); /* [0]: the allocating function */
	if (!frames)
		return false;
	for (unsigned i = 0; i < stack->depth; i++) {
		const struct place *place = stack->places[i];

		for (unsigned k = 0; k < place->count; k++)
			frames[depth++] = (struct seen){ place->frames[k].function, place->frames[k].file,
							 place->module ? place->module->path : NULL,
							 place->module && place->module->kind == MODULE_LIBC };
	}
	for (struct entry *e = s->first; e && !found; e = e->next) {
		found = entry_matches(e, leak, frames, depth);
		if (found) {
			e->groups++;
			e->blocks += leak->count;
			e->bytes += leak->bytes;
		}
	}
	free(frames);
	return found;
}

void suppress_summary(const struct suppressions *s, FILE *to)
{
	char a[WORDS_SIZE], b[WORDS_SIZE];

	for (const struct entry *e = s->first; e; e = e->next) {
		fputs("leakshim: suppression ", to);
		words_escape(to, e->text);
		fputs(" (", to);
		words_escape(to, e->origin);
		if (e->groups)
			fprintf(to, "): %s %s, %s\n", words_number(a, e->blocks, false),
				e->blocks < 1.5 ? "block" : "blocks", words_bytes(b, e->bytes, false));
		else
			fputs(") was not used\n", to);
	}
}

void suppress_print(FILE *to, const struct leak *leak)
{
	static const char *const kinds[] = { "definite", "possible", "indirect", "reachable" };
	unsigned printed = 1, wanted = kind_of(leak);

	fprintf(to, "{\n   leakshim-%s\n   Memcheck:Leak\n   match-leak-kinds: ", leak->fingerprint);
	for (unsigned i = 0, said = 0; i < 4; i++)
		if (wanted & 1u << i)
			fprintf(to, "%s%s", said++ ? "," : "", kinds[i]);
	fprintf(to, "\n   fun:%s\n",
		leak->family == FAMILY_NEW_ARRAY ? "_Zna*"
		: leak->family == FAMILY_NEW	 ? "_Znw*"
		: leak->family == FAMILY_ALIGNED ? "*align*"
						 : "*alloc*");
	for (unsigned i = 0; i < leak->stack.depth && printed < FRAMES_MAX - 1; i++) {
		const struct place *place = leak->stack.places[i];

		for (unsigned k = 0; k < place->count && printed < FRAMES_MAX - 1; k++, printed++) {
			bool is_function = place->frames[k].function != NULL;

			fprintf(to, "   %s:", is_function ? "fun" : "obj");
			words_escape(to, is_function ? place->frames[k].function
					 : place->module ? place->module->path : "*");
			fputc('\n', to);
		}
	}
	fputs("}\n", to);
}
