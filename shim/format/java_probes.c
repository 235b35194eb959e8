/* SPDX-License-Identifier: MIT */
#include "java_probes.h"

#include <string.h>

#define WORDS 8u

struct parser {
	struct java_set *set;
	probe_reporter *report;
	void *context;
	uint32_t line;
	int is_open, is_bad; /* a type line was read; it was wrong */
};

static const char *const verbs[] = {
	[PROBE_CREATE] = "create", [PROBE_RETAIN] = "retain", [PROBE_RELEASE] = "release", [PROBE_FINAL] = "final",
	[PROBE_TOUCH] = "touch",   [JAVA_INSIDE] = "inside",  [JAVA_WORK] = "work",
	[JAVA_ABANDON] = "abandon", [JAVA_EXCUSE] = "excuse",  [JAVA_HINT] = "hint",
};
#define VERBS (sizeof verbs / sizeof *verbs)

const char *java_verb_word(uint32_t verb)
{
	return verb < VERBS && verbs[verb] ? verbs[verb] : "?";
}

int java_probes_is(const char *file)
{
	size_t size = strlen(file);

	return size > 8 && !strcmp(file + size - 8, ".jprobes");
}

static int tell(struct parser *p, const struct probe_word *at, enum probe_gravity gravity, const char *text)
{
	char message[200];
	uint32_t used = 0, shown = at->size > 80 ? 80 : at->size;

	if (gravity == PROBE_ERROR)
		p->set->errors++;
	else
		p->set->warnings++;
	if (!p->report)
		return -1;
	message[used++] = '\'';
	for (uint32_t i = 0; i < shown; i++)
		message[used++] = (unsigned char)at->at[i] < 32 || at->at[i] == 127 ? '?' : at->at[i];
	message[used++] = '\'';
	message[used++] = ' ';
	for (; *text && used < sizeof message - 1; text++)
		message[used++] = *text;
	message[used] = 0;
	p->report(p->context, p->line, at->column, gravity, message);
	return -1;
}

static int wrong(struct parser *p, const struct probe_word *at, const char *text)
{
	return tell(p, at, PROBE_ERROR, text);
}

static int is(const struct probe_word *w, const char *text)
{
	return w->size == strlen(text) && !memcmp(w->at, text, w->size);
}

static struct probe_word part(const struct probe_word *w, uint32_t from, uint32_t to)
{
	return (struct probe_word){w->at + from, to - from, w->column + from};
}

/* The part behind "key=", which must not be empty. */
static int has_key(const struct probe_word *w, const char *key, struct probe_word *value)
{
	uint32_t size = (uint32_t)strlen(key);

	if (w->size <= size || memcmp(w->at, key, size))
		return 0;
	*value = part(w, size, w->size);
	return 1;
}

static int is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || c < 0;
}

/* Names with dots between them. */
static int is_dotted(const struct probe_word *w)
{
	char before = '.';

	for (uint32_t i = 0; i < w->size; before = w->at[i++])
		if (w->at[i] == '.' ? before == '.' : !is_name_byte(w->at[i]))
			return 0;
	return w->size && before != '.';
}

static int is_class(const struct probe_word *w)
{
	struct probe_word rest = *w;

	if (w->size > 2 && w->at[0] == '*' && w->at[1] == '.')
		rest = part(w, 2, w->size);
	return is_dotted(&rest);
}

/* "NAME()" -> NAME */
static int method_name(struct parser *p, struct probe_word *w)
{
	if (w->size < 3 || w->at[w->size - 2] != '(' || w->at[w->size - 1] != ')')
		return wrong(p, w, "is no method without arguments, as in capacity()");
	w->size -= 2;
	return is_dotted(w) && !memchr(w->at, '.', w->size) ? 0 : wrong(p, w, "is no name of a method");
}

static int parse_type_key(struct parser *p, struct java_type *t, const struct probe_word *w)
{
	struct probe_word v;

	if (has_key(w, "class=", &v)) {
		t->class_name = v;
		return is_class(&v) ? 0 : wrong(p, &v, "is no name of a class; write package.Class$Inner or *.package.Class");
	}
	if (has_key(w, "name=", &v)) {
		t->title = v;
		return is_dotted(&v) ? 0 : wrong(p, &v, "is no field, and no fields with dots between them");
	}
	if (has_key(w, "unless=", &v)) {
		t->unless = v;
		return is_class(&v) ? 0 : wrong(p, &v, "is no name of a class");
	}
	if (w->size == 5 && !memcmp(w->at, "stays", 5)) {
		t->stays = 1;
		return 0;
	}
	if (w->size == 4 && !memcmp(w->at, "free", 4)) {
		t->free = 1;
		return 0;
	}
	if (has_key(w, "count=", &v)) {
		if (method_name(p, &v))
			return -1;
		t->count = v;
		return 0;
	}
	if (has_key(w, "size=", &v)) {
		if (method_name(p, &v))
			return -1;
		t->size = v;
		return 0;
	}
	return wrong(p, w, "is not known here; a type has class=, name=, count=, size=, unless=, stays and free");
}

static int parse_type(struct parser *p, const struct probe_word *words, uint32_t count)
{
	struct java_set *s = p->set;
	struct java_type t = {.line = p->line};

	p->is_open = 1;
	p->is_bad = 1;
	if (count < 2)
		return wrong(p, &words[0], "needs a name and class=");
	t.name = words[1];
	for (uint32_t i = 2; i < count; i++)
		if (parse_type_key(p, &t, &words[i]))
			return -1;
	if (!t.class_name.size)
		return wrong(p, &t.name, "has no class=");
	for (uint32_t i = 0; i < s->types_used; i++)
		if (s->types[i].name.size == t.name.size && !memcmp(s->types[i].name.at, t.name.at, t.name.size))
			return wrong(p, &t.name, "is the name of an earlier type");
	if (s->types_used == s->types_max)
		return wrong(p, &t.name, "is one type too many");
	s->types[s->types_used++] = t;
	p->is_bad = 0;
	return 0;
}

/* [CLASS].METHOD[(TYPES)] */
static int parse_method(struct parser *p, struct java_probe *j, const struct probe_word *w)
{
	const char *open = memchr(w->at, '(', w->size);
	uint32_t end = open ? (uint32_t)(open - w->at) : w->size, dot = end;

	while (dot && w->at[dot - 1] != '.')
		dot--;
	if (!dot)
		return wrong(p, w, "names no class: write Class.method, or .method for the class of its type");
	j->method = part(w, dot, end);
	if (!is(&j->method, "<init>") && !is(&j->method, "*") &&
	    (!is_dotted(&j->method) || memchr(j->method.at, '.', j->method.size)))
		return wrong(p, &j->method, "is no name of a method");
	j->class_name = dot == 1 ? p->set->types[p->set->types_used - 1].class_name : part(w, 0, dot - 1);
	if (dot > 1 && !is_class(&j->class_name))
		return wrong(p, &j->class_name, "is no name of a class; write package.Class$Inner or *.package.Class");
	if (!open)
		return 0;
	if (w->at[w->size - 1] != ')')
		return wrong(p, w, "lacks its )");
	j->parameters = part(w, end + 1, w->size - 1);
	for (uint32_t i = 0; i < j->parameters.size; i++) {
		char c = j->parameters.at[i];

		if (c != '.' && c != ',' && c != '[' && c != ']' && !is_name_byte(c))
			return wrong(p, &j->parameters, "are no types; write int,java.lang.Object[] without blanks");
	}
	return 0;
}

static int parse_parameter(const struct probe_word *w)
{
	return w->size == 4 && !memcmp(w->at, "arg", 3) && w->at[3] >= '0' && w->at[3] <= '9' ? w->at[3] - '0' : -1;
}

static int parse_object(struct parser *p, struct java_probe *j, const struct probe_word *w)
{
	const char *dot = memchr(w->at, '.', w->size);
	struct probe_word base = part(w, 0, dot ? (uint32_t)(dot - w->at) : w->size);

	if (is(&base, "this"))
		j->base = JAVA_THIS;
	else if (is(&base, "ret"))
		j->base = JAVA_RET;
	else if ((j->base = parse_parameter(&base)) < 0)
		return wrong(p, &base, "is not this, ret or arg0..arg9");
	if (!dot)
		return 0;
	j->path = part(w, base.size + 1, w->size);
	return is_dotted(&j->path) ? 0 : wrong(p, &j->path, "is no field, and no fields with dots between them");
}

/* What fits together and what does not. */
static int check_probe(struct parser *p, const struct java_probe *j, const struct probe_word *verb)
{
	int is_constructor = is(&j->method, "<init>");

	if (is_constructor && j->verb != PROBE_CREATE && j->verb != JAVA_WORK)
		return wrong(p, verb, "cannot be said of a constructor, only create and work can");
	if (is_constructor && j->base == JAVA_RET)
		return wrong(p, verb, "of a constructor is of `this`");
	if (is(&j->method, "*") && (j->base != JAVA_THIS || j->verb == PROBE_CREATE))
		return wrong(p, verb, "of all methods needs an object that is `this` and is there already");
	if (j->base == JAVA_RET && j->verb != PROBE_CREATE && j->verb != PROBE_TOUCH)
		return wrong(p, verb, "cannot be said of what a method returns");
	if (j->by >= 0 && j->verb != PROBE_RETAIN && j->verb != PROBE_RELEASE)
		return wrong(p, verb, "has no by=, only retain and release have");
	if (j->verb == JAVA_HINT && j->base < 0)
		return wrong(p, verb, "is a parameter: say which");
	if (j->verb == JAVA_INSIDE && (j->base != JAVA_THIS || j->path.size))
		return wrong(p, verb, "can be said of `this` only");
	return 0;
}

static int parse_probe(struct parser *p, uint32_t verb, const struct probe_word *words, uint32_t count)
{
	struct java_set *s = p->set;
	struct java_probe j = {.verb = verb, .base = JAVA_THIS, .by = -1, .line = p->line};
	struct probe_word v;
	int has_object = 0;

	if (!p->is_open)
		return wrong(p, &words[0], "comes before any type line");
	if (p->is_bad)
		return -1;
	if (count < 2)
		return wrong(p, &words[0], "names no method");
	j.type = s->types_used - 1;
	if (parse_method(p, &j, &words[1]))
		return -1;
	for (uint32_t i = 2; i < count; i++)
		if (has_key(&words[i], "by=", &v)) {
			if ((j.by = parse_parameter(&v)) < 0)
				return wrong(p, &v, "is not arg0..arg9");
		} else if (has_object++) {
			return wrong(p, &words[i], "is one object too many");
		} else if (parse_object(p, &j, &words[i])) {
			return -1;
		}
	if (check_probe(p, &j, &words[0]))
		return -1;
	if (s->probes_used == s->probes_max)
		return wrong(p, &words[0], "is one line too many");
	s->probes[s->probes_used++] = j;
	return 0;
}

static void parse_line(struct parser *p, const struct probe_word *words, uint32_t count)
{
	if (is(&words[0], "type")) {
		parse_type(p, words, count);
		return;
	}
	for (uint32_t i = 0; i < VERBS; i++)
		if (verbs[i] && is(&words[0], verbs[i])) {
			parse_probe(p, i, words, count);
			return;
		}
	wrong(p, &words[0], "is not known; a line begins with type, create, retain, release, final, touch, inside, work, abandon, excuse or hint");
}

/* A type that nothing makes, or nothing ends, is most likely not meant so. */
static void check_types(struct parser *p)
{
	for (uint32_t t = 0; t < p->set->types_used; t++) {
		int is_made = 0, is_ended = 0;

		for (uint32_t i = 0; i < p->set->probes_used; i++) {
			const struct java_probe *j = &p->set->probes[i];

			is_made |= j->type == t && j->verb == PROBE_CREATE;
			is_ended |= j->type == t && (j->verb == PROBE_RELEASE || j->verb == PROBE_FINAL);
		}
		p->line = p->set->types[t].line;
		if (!is_made)
			tell(p, &p->set->types[t].name, PROBE_WARNING, "has no create line: none of it will be followed");
		else if (!is_ended && !p->set->types[t].free)
			tell(p, &p->set->types[t].name, PROBE_WARNING, "has no release or final line: all of it will leak");
	}
}

void java_probes_parse(const char *text, size_t size, struct java_set *set, probe_reporter *report, void *context)
{
	struct parser p = {.set = set, .report = report, .context = context};
	size_t at = 0;

	set->types_used = set->probes_used = set->errors = set->warnings = 0;
	for (uint32_t line = 1; at < size; line++) {
		struct probe_word words[WORDS];
		const char *stop = memchr(text + at, '\n', size - at);
		size_t end = stop ? (size_t)(stop - text) : size, start = at;
		uint32_t count = 0;

		p.line = line;
		while (at < end && text[at] != '#') {
			size_t from = at;

			while (at < end && text[at] != ' ' && text[at] != '\t' && text[at] != '\r' && text[at] != '#')
				at++;
			if (at > from && count < WORDS)
				words[count++] = (struct probe_word){text + from, (uint32_t)(at - from), (uint32_t)(from - start) + 1};
			if (at < end && text[at] != '#')
				at++;
		}
		at = end + 1;
		if (count)
			parse_line(&p, words, count);
	}
	check_types(&p);
}

int java_class_matches(const struct probe_word *wanted, const char *name, size_t size)
{
	uint32_t skip = wanted->size > 1 && wanted->at[0] == '*' ? 1 : 0, length = wanted->size - skip;

	if (size < length || (!skip && size != length))
		return 0;
	name += size - length;
	for (uint32_t i = 0; i < length; i++) {
		char c = wanted->at[skip + i];

		if (name[i] != c && !(c == '.' && name[i] == '/'))
			return 0;
	}
	return 1;
}
