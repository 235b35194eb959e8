/* SPDX-License-Identifier: MIT */
/* A linker name becomes text without blanks, parameters apart; so does what was written. Then both are compared. */
#include "cxx_names.h"

#include <string.h>

#include "rules.h"

#define TEXT 1024u
#define SLICES 48u
#define DEEPEST 24u

struct slice {
	uint16_t from, to;
};

struct reader {
	const char *at;
	uint32_t used, subs_used, params_used, depth;
	int is_bad;
	int is_template;  /* the function's own name ends with template arguments: its return type comes first */
	int is_returning_nothing; /* constructors and destructors */
	struct slice last; /* innermost name without template arguments */
	struct slice subs[SLICES], params[SLICES];
	char text[TEXT];
};

static void type(struct reader *r);
static void name(struct reader *r);

static void fail(struct reader *r)
{
	r->is_bad = 1;
	r->at = "";
}

static void put(struct reader *r, const char *from, uint32_t size)
{
	if (r->used + size >= TEXT) {
		fail(r);
		return;
	}
	memmove(r->text + r->used, from, size);
	r->used += size;
}

static void put_text(struct reader *r, const char *text)
{
	put(r, text, (uint32_t)strlen(text));
}

static int take(struct reader *r, char c)
{
	if (*r->at != c)
		return 0;
	r->at++;
	return 1;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void remember(struct reader *r, uint32_t from)
{
	if (r->subs_used < SLICES)
		r->subs[r->subs_used++] = (struct slice){(uint16_t)from, (uint16_t)r->used};
}

static void repeat(struct reader *r, const struct slice *from, uint32_t count, uint32_t i)
{
	if (i >= count)
		fail(r);
	else
		put(r, r->text + from[i].from, from[i].to - (uint32_t)from[i].from);
}

/* _, 0_, 1_ ... 9_, and letters in names of what stood there before. */
static uint32_t sequence(struct reader *r)
{
	uint32_t n = 0;

	if (take(r, '_'))
		return 0;
	for (; *r->at && *r->at != '_'; r->at++) {
		int is_letter = *r->at >= 'A' && *r->at <= 'Z';

		if ((!is_letter && !is_digit(*r->at)) || n > SLICES)
			return fail(r), SLICES;
		n = n * 36 + (uint32_t)(is_letter ? *r->at - 'A' + 10 : *r->at - '0');
	}
	return take(r, '_') ? n + 1 : (fail(r), SLICES);
}

static void source_name(struct reader *r)
{
	uint32_t size = 0, from = r->used;

	while (is_digit(*r->at) && size < TEXT)
		size = size * 10 + (uint32_t)(*r->at++ - '0');
	if (strnlen(r->at, size) < size || !size) {
		fail(r);
		return;
	}
	put(r, r->at, size);
	r->at += size;
	if (!r->is_bad)
		r->last = (struct slice){(uint16_t)from, (uint16_t)r->used};
	if (take(r, 'B')) { /* a tag of the ABI, which nobody writes */
		uint32_t before = r->used;
		struct slice last = r->last;

		source_name(r);
		r->used = before;
		r->last = last;
	}
}

static void operator_name(struct reader *r)
{
	static const char *const known[] = {"nwnew", "nanew[]", "dldelete", "dadelete[]", "aS=", "eq==", "ne!=", "pp++", "mm--",
					    "pL+=", "mI-=", "pt->", "ix[]"};

	for (uint32_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strncmp(r->at, known[i], 2) == 0) {
			r->at += 2;
			put_text(r, "operator");
			put_text(r, known[i] + 2);
			return;
		}
	fail(r);
}

static void unqualified(struct reader *r)
{
	struct slice last = r->last;

	r->is_returning_nothing = 0;
	if (strncmp(r->at, "12_GLOBAL__N_1", 14) == 0) {
		r->at += 14;
		put_text(r, "(anonymous)");
	} else if (is_digit(*r->at)) {
		source_name(r);
	} else if ((*r->at == 'C' || *r->at == 'D') && is_digit(r->at[1])) {
		r->is_returning_nothing = 1;
		if (*r->at == 'D')
			put_text(r, "~");
		repeat(r, &last, 1, 0);
		r->at += r->is_bad ? 0 : 2;
	} else if (take(r, 'L')) {
		unqualified(r);
	} else {
		operator_name(r);
	}
}

static void literal(struct reader *r)
{
	int is_bool = *r->at == 'b';
	uint32_t before = r->used;

	type(r);
	r->used = before;
	if (is_bool && (*r->at == '0' || *r->at == '1'))
		put_text(r, *r->at == '0' ? "false" : "true");
	if (!is_bool && take(r, 'n'))
		put_text(r, "-");
	for (; is_digit(*r->at); r->at++)
		if (!is_bool)
			put(r, r->at, 1);
	if (!take(r, 'E'))
		fail(r);
}

static void arguments(struct reader *r)
{
	int is_own = !r->depth; /* of the function's name: what T_ means in its parameters */

	if (is_own)
		r->params_used = 0;
	put_text(r, "<");
	for (int i = 0; *r->at && !take(r, 'E'); i++) {
		uint32_t from;

		if (i)
			put_text(r, ",");
		from = r->used;
		r->depth++;
		if (take(r, 'L'))
			literal(r);
		else if (*r->at == 'J' || *r->at == 'X')
			fail(r);
		else
			type(r);
		r->depth--;
		if (is_own && r->params_used < SLICES)
			r->params[r->params_used++] = (struct slice){(uint16_t)from, (uint16_t)r->used};
	}
	put_text(r, ">");
}

static int is_standard(struct reader *r)
{
	static const char *const known[] = {"Ststd", "Sastd::allocator", "Sbstd::basic_string", "Ssstd::string", "Sistd::istream",
					    "Sostd::ostream", "Sdstd::iostream"};

	for (uint32_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strncmp(r->at, known[i], 2) == 0) {
			r->at += 2;
			put_text(r, known[i] + 2);
			return 1;
		}
	return 0;
}

static void substitution(struct reader *r)
{
	if (is_standard(r))
		return;
	r->at++;
	repeat(r, r->subs, r->subs_used, sequence(r));
}

static void nested(struct reader *r)
{
	uint32_t from = r->used;

	while (*r->at == 'r' || *r->at == 'V' || *r->at == 'K')
		r->at++;
	if (*r->at == 'R' || *r->at == 'O')
		r->at++;
	r->is_template = 0;
	while (*r->at && !take(r, 'E')) {
		int is_known = *r->at == 'S';

		r->is_template = 0;
		if (take(r, 'I')) {
			arguments(r);
			r->is_template = 1;
		} else if (is_known) {
			substitution(r);
		} else if (take(r, 'T')) {
			repeat(r, r->params, r->params_used, sequence(r));
		} else {
			if (r->used > from)
				put_text(r, "::");
			unqualified(r);
		}
		if (!is_known && *r->at != 'E')
			remember(r, from);
	}
}

static void name(struct reader *r)
{
	uint32_t from = r->used;
	int is_known = 0;

	if (take(r, 'N')) {
		nested(r);
		return;
	}
	if (*r->at == 'S' && r->at[1] != 't') {
		substitution(r);
		is_known = 1;
	} else if (is_standard(r)) {
		put_text(r, "::");
		unqualified(r);
	} else {
		unqualified(r);
	}
	r->is_template = 0;
	if (*r->at != 'I')
		return;
	if (!is_known)
		remember(r, from);
	r->at++;
	arguments(r);
	r->is_template = 1;
}

static const char *builtin(char c)
{
	static const char *const names[26] = {
		['v' - 'a'] = "void", ['b' - 'a'] = "bool", ['c' - 'a'] = "char", ['a' - 'a'] = "signedchar",
		['h' - 'a'] = "unsignedchar", ['s' - 'a'] = "short", ['t' - 'a'] = "unsignedshort", ['i' - 'a'] = "int",
		['j' - 'a'] = "unsignedint", ['l' - 'a'] = "long", ['m' - 'a'] = "unsignedlong", ['x' - 'a'] = "longlong",
		['y' - 'a'] = "unsignedlonglong", ['f' - 'a'] = "float", ['d' - 'a'] = "double", ['e' - 'a'] = "longdouble",
		['w' - 'a'] = "wchar_t", ['z' - 'a'] = "..."};

	return c >= 'a' && c <= 'z' ? names[c - 'a'] : 0;
}

static void qualified(struct reader *r)
{
	int is_const = 0;

	for (; *r->at == 'r' || *r->at == 'V' || *r->at == 'K'; r->at++)
		is_const |= *r->at == 'K';
	type(r);
	if (is_const)
		put_text(r, "const");
}

static void pointer(struct reader *r)
{
	const char *mark = *r->at == 'P' ? "*" : *r->at == 'R' ? "&" : "&&";

	r->at++;
	type(r);
	put_text(r, mark);
}

static void type_inside(struct reader *r)
{
	uint32_t from = r->used, known = r->subs_used;
	const char *plain = builtin(*r->at);
	int is_new = 1;

	if (*r->at == 'r' || *r->at == 'V' || *r->at == 'K') {
		qualified(r);
	} else if (*r->at == 'P' || *r->at == 'R' || *r->at == 'O') {
		pointer(r);
	} else if (plain) {
		r->at++;
		put_text(r, plain);
		return;
	} else if (take(r, 'T')) {
		repeat(r, r->params, r->params_used, sequence(r));
	} else if (*r->at == 'N' || *r->at == 'S' || is_digit(*r->at)) {
		is_new = *r->at != 'S';
		name(r);
		is_new |= r->subs_used != known || r->is_template;
	} else {
		fail(r);
	}
	if (is_new)
		remember(r, from);
}

static void type(struct reader *r)
{
	if (++r->depth > DEEPEST)
		fail(r);
	else
		type_inside(r);
	r->depth--;
}

/* Reads name and parameters. Returns where the parameters begin in the text, or 0; if they cannot be read, is_bad. */
static uint32_t read(struct reader *r, const char *linker_name)
{
	uint32_t begin;

	*r = (struct reader){.at = linker_name + 2};
	name(r);
	put(r, "", 1);
	if (r->is_bad)
		return 0;
	if (r->is_template && !r->is_returning_nothing) {
		type(r); /* may be repeated later on */
		put(r, "", 1);
	}
	begin = r->used;
	for (int i = 0; *r->at && *r->at != '.' && !r->is_bad; i++) {
		if (*r->at == 'v' && !i) {
			r->at++;
			continue;
		}
		if (i)
			put_text(r, ",");
		type(r);
	}
	put(r, "", 1);
	return begin;
}

/* What people write otherwise than the ABI does. */
static const char *const same[][2] = {
	{"std::__cxx11::basic_string<char,std::char_traits<char>,std::allocator<char>>", "std::string"},
	{"std::size_t", "unsignedlong"}, {"size_t", "unsignedlong"}, {"uint64_t", "unsignedlong"}, {"int64_t", "long"},
	{"uint32_t", "unsignedint"}, {"int32_t", "int"}, {"uint16_t", "unsignedshort"}, {"int16_t", "short"},
	{"uint8_t", "unsignedchar"}, {"int8_t", "signedchar"}, {"longint", "long"},
};

static int is_word(char c)
{
	return c == '_' || is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void replace(char *text, int may_grow)
{
	for (uint32_t i = 0; i < sizeof same / sizeof *same; i++) {
		size_t size = strlen(same[i][0]), other = strlen(same[i][1]);

		for (char *at = text; (at = strstr(at, same[i][0])); at++)
			if ((at == text || !is_word(at[-1])) && !(is_word(at[size - 1]) && is_word(at[size])) &&
			    (other <= size || (may_grow && strlen(text) + other < TEXT))) {
				memmove(at + other, at + size, strlen(at + size) + 1);
				memcpy(at, same[i][1], other);
			}
	}
}

/* Without blanks, and with each const behind what it is about. */
static void normal(const char *written, uint32_t size, char *to)
{
	uint8_t waiting[DEEPEST + 1] = {0};
	uint32_t used = 0, depth = 0;

	for (uint32_t i = 0; i < size && used + 8 < TEXT; i++) {
		char c = written[i];
		int is_end = c == '*' || c == '&' || c == ',' || c == '>' || c == ')';

		if (c == ' ' || c == '\t')
			continue;
		if (size - i > 5 && !memcmp(written + i, "const", 5) && !is_word(written[i + 5]) && (!i || !is_word(written[i - 1])) &&
		    (!used || to[used - 1] == ',' || to[used - 1] == '<')) {
			waiting[depth] = 1;
			i += 4;
			continue;
		}
		if (is_end && waiting[depth]) {
			memcpy(to + used, "const", 5);
			used += 5;
			waiting[depth] = 0;
		}
		depth += c == '<' && depth < DEEPEST;
		depth -= c == '>' && depth && (!used || to[used - 1] != '-');
		to[used++] = c;
	}
	if (waiting[0]) {
		memcpy(to + used, "const", 5);
		used += 5;
	}
	to[used] = 0;
	replace(to, 1);
}

static const char *behind_brackets(const char *at)
{
	uint32_t depth = 0;

	for (; *at; at++) {
		depth += *at == '<';
		depth -= *at == '>';
		if (!depth)
			return at + 1;
	}
	return at;
}

/* What was not written of template arguments and namespaces without a name may be there. */
static int is_same_name(const char *real, const char *written)
{
	static const char unnamed[] = "(anonymous)::";

	for (;;) {
		if (*real == '<' && *written != '<') {
			real = behind_brackets(real);
		} else if (strncmp(real, unnamed, sizeof unnamed - 1) == 0) {
			real += sizeof unnamed - 1;
		} else if (*real != *written) {
			return 0;
		} else if (!*real) {
			return 1;
		} else {
			real++;
			written++;
		}
	}
}

/* Where the parameters begin in what was written; `size`: there are none. */
static uint32_t parameters_at(const char *written, uint32_t size)
{
	uint32_t i = 0;

	while (i < size && written[i] != '(')
		i++;
	return i;
}

/* Most names of a library differ in their last word. */
static int may_match(const char *linker_name, const char *written, uint32_t end)
{
	uint32_t from, to = end;

	for (uint32_t i = 0; i + 8 < end; i++)
		if (!memcmp(written + i, "operator", 8))
			return 1;
	while (to > 0 && !is_word(written[to - 1]))
		to--;
	if (to < end && written[to] == '>')
		return 1; /* template arguments */
	for (from = to; from > 0 && is_word(written[from - 1]); from--)
		;
	for (; *linker_name && to > from; linker_name++)
		if (strncmp(linker_name, written + from, to - from) == 0)
			return 1;
	return 0;
}

int cxx_names_match(const char *linker_name, const char *written, uint32_t size)
{
	struct reader r;
	char other[TEXT];
	uint32_t begin, mark = parameters_at(written, size);

	if (linker_name[0] != '_' || linker_name[1] != 'Z' || size >= TEXT / 2 || !may_match(linker_name, written, mark) ||
	    !(begin = read(&r, linker_name)))
		return 0;
	normal(written, mark, other);
	replace(r.text, 0);
	if (!is_same_name(r.text, other))
		return 0;
	if (mark == size)
		return 1;
	if (r.is_bad)
		return 0;
	normal(written + mark + 1, size - mark - 2, other);
	if (strcmp(other, "void") == 0)
		*other = 0;
	replace(r.text + begin, 0);
	return strcmp(r.text + begin, other) == 0;
}
