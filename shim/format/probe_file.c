/* SPDX-License-Identifier: MIT */
/* The lines of a probe file: see probe_file.h. */
#include "probe_words.h"

#include <string.h>

#define WORDS_MAX 16u

/* The first words of lines; a verb stands at its number. */
static const char *const verb_words[PROBE_VERBS] = {"type",  "create", "retain", "sink", "release",
						    "final", "touch",  "move",   "adopt"};
static const char *const type_keys[] = {"lib", "count", "initial", "static", "block", "role"};
static const char *const line_keys[] = {"if", "stack", "size"};
static const char *const formats[] = {"u32", "i32", "u64", "neg32"};
static const char *const blocks[] = {"any", "own", "slab", "heap"};
static const char *const roles[] = {"object", "container"};

static int count_setting(struct probe_parser *p, const struct probe_word *value, struct probe_type *t)
{
	struct probe_word format, offset;
	uint32_t mark = 0;
	int64_t where;
	int which;

	while (mark < value->size && value->at[mark] != '@')
		mark++;
	if (mark == value->size)
		return probe_wrong(p, "count ", value, " is not of the form FMT@OFFSET");
	format = probe_part(value, 0, mark);
	offset = probe_part(value, mark + 1, value->size);
	if (probe_number(&offset, &where) != 0 || where > 1 << 20 || where < -(1 << 20))
		return probe_wrong(p, "", &offset, " is not an offset");
	which = probe_one_of(p, &format, " is not a count format", formats, PROBE_LENGTH(formats));
	if (which < 0)
		return -1;
	t->count_format = (uint8_t)(PROBE_COUNT_U32 + which);
	t->count_offset = (int32_t)where;
	return 0;
}

static int type_setting(struct probe_parser *p, const struct probe_word *word, struct probe_type *t)
{
	struct probe_word value;
	int64_t n = 0;
	int key = probe_setting(p, word, type_keys, PROBE_LENGTH(type_keys), &value), which;

	if (key < 0)
		return -1;
	if ((key == 2 || key == 3) && probe_number(&value, &n) != 0)
		return probe_wrong(p, "", &value, " is not a number");
	switch (key) {
	case 0:
		t->library = value;
		return 0;
	case 1:
		return count_setting(p, &value, t);
	case 2:
		t->initial = n;
		return 0;
	case 3:
		t->static_below = (uint64_t)n;
		return 0;
	case 4:
		which = probe_one_of(p, &value, " is not a kind of block", blocks, PROBE_LENGTH(blocks));
		t->block = (uint8_t)which;
		return which < 0 ? -1 : 0;
	default:
		which = probe_one_of(p, &value, " is not a role", roles, PROBE_LENGTH(roles));
		t->role = (uint8_t)which;
		return which < 0 ? -1 : 0;
	}
}

/* The type that was read last has no more lines: is it whole? */
static void close_type(struct probe_parser *p)
{
	struct probe_message m = {.used = 0};
	struct probe_type *t;
	uint32_t makes = 1u << PROBE_CREATE | 1u << PROBE_ADOPT;
	uint32_t ends = 1u << PROBE_RELEASE | 1u << PROBE_FINAL;

	if (!p->type_open || p->type_bad)
		return;
	t = &p->set->types[p->set->types_used - 1];
	if (!(t->verbs & makes) == !(t->verbs & ends))
		return;
	probe_say(&m, "type ");
	probe_say_word(&m, &t->name);
	probe_say(&m, t->verbs & makes ? " has create but neither release nor final"
				 : " has release but neither create nor adopt");
	probe_tell(p, t->line, 1, PROBE_WARNING, &m);
}

static void type_line(struct probe_parser *p, const struct probe_word *words, uint32_t count)
{
	struct probe_type *t = &p->set->types[p->set->types_used];
	int bad = 0;

	close_type(p);
	p->type_open = 1;
	p->type_bad = 1;
	if (count < 2) {
		probe_wrong(p, "", &words[0], " without a name");
		return;
	}
	if (p->set->types_used == p->set->types_max) {
		probe_wrong(p, "too many types; ", &words[1], " is ignored");
		return;
	}
	memset(t, 0, sizeof(*t));
	t->name = words[1];
	t->line = p->line;
	t->initial = 1;
	t->static_below = PROBE_STATIC_BELOW;
	for (uint32_t i = 2; i < count; i++)
		bad |= type_setting(p, &words[i], t) != 0;
	for (uint32_t i = 0; i < p->set->types_used && !bad; i++) {
		const struct probe_type *other = &p->set->types[i];

		if (other->name.size == t->name.size && other->library.size == t->library.size &&
		    !memcmp(other->name.at, t->name.at, t->name.size) &&
		    !memcmp(other->library.at, t->library.at, t->library.size))
			bad = probe_wrong(p, "type ", &words[1], " was already declared");
	}
	if (bad)
		return;
	p->set->types_used++;
	p->type_bad = 0;
}

static int line_setting(struct probe_parser *p, const struct probe_word *word, struct probe_line *probe)
{
	struct probe_word value;
	int64_t n;
	int key = probe_setting(p, word, line_keys, PROBE_LENGTH(line_keys), &value);

	if (key < 0)
		return -1;
	if (key == 0)
		return probe_condition(p, &value, &probe->condition);
	if (key == 2) {
		probe->has_size = 1;
		return probe_location(p, &value, &probe->size);
	}
	if (probe_number(&value, &n) != 0 || n < 0 || n > PROBE_STACK_MAX)
		return probe_wrong(p, "", &value, " is not a number of stack words (0 to 64)");
	probe->stack_words = (uint8_t)n;
	return 0;
}

/* As people write C++: Packet::release, Pool<int>::take, push(unsigned int). */
static int is_cxx_name(const struct probe_word *word)
{
	int32_t depth = 0;
	int is_cxx = 0;

	for (uint32_t i = 0; i < word->size; i++) {
		char c = word->at[i];

		if (c < ' ' || c > '~' || c == '"' || c == ';' || c == '{' || c == '}' || (i == 0 && c >= '0' && c <= '9'))
			return 0;
		is_cxx |= c == ':' || c == '<' || c == '(';
		depth += c == '<' || c == '(';
		depth -= c == ')' || (c == '>' && word->at[i - (i > 0)] != '-');
	}
	return is_cxx && depth == 0;
}

static int is_symbol(const struct probe_word *word)
{
	if (is_cxx_name(word))
		return 1;
	for (uint32_t i = 0; i < word->size; i++) {
		char c = word->at[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
		      c == '$' || (c >= '0' && c <= '9' && i > 0)))
			return 0;
	}
	return word->size > 0;
}

/* ret exists only after the call, so that only some verbs can use it. */
static int check_moment(struct probe_parser *p, const struct probe_line *probe, const struct probe_word *word)
{
	int after = probe->verb == PROBE_CREATE || probe->verb == PROBE_ADOPT ||
		    probe->verb == PROBE_RETAIN;

	if (!after && probe->where.base == PROBE_RET)
		return probe_wrong(p, "", word, ": only create, adopt and retain can use ret");
	if (probe->condition.compare && probe->condition.where.base == PROBE_RET && !after)
		return probe_wrong(p, "", word, ": only create, adopt and retain can test ret");
	return 0;
}

/* The same symbol may be declared once for each verb and library. */
static int check_repeat(struct probe_parser *p, const struct probe_line *probe)
{
	const struct probe_type *type = &p->set->types[probe->type];
	struct probe_message m = {.used = 0};

	for (uint32_t i = 0; i < p->set->probes_used; i++) {
		const struct probe_line *other = &p->set->probes[i];
		const struct probe_type *owner = &p->set->types[other->type];

		if (other->verb != probe->verb || other->symbol.size != probe->symbol.size ||
		    memcmp(other->symbol.at, probe->symbol.at, probe->symbol.size) != 0 ||
		    owner->library.size != type->library.size ||
		    memcmp(owner->library.at, type->library.at, type->library.size) != 0)
			continue;
		probe_say_word(&m, &probe->symbol);
		probe_say(&m, " in ");
		probe_say_bytes(&m, type->library.size ? type->library.at : "*",
			  type->library.size ? type->library.size : 1);
		probe_say(&m, " already declared at ");
		probe_say(&m, p->name);
		probe_say(&m, ":");
		probe_say_number(&m, other->line);
		probe_say(&m, " as ");
		probe_say(&m, verb_words[other->verb]);
		probe_say(&m, " of ");
		probe_say_bytes(&m, owner->name.at, owner->name.size);
		probe_tell(p, p->line, probe->symbol.column, PROBE_ERROR, &m);
		return -1;
	}
	return 0;
}

static int probe_fields(struct probe_parser *p, const struct probe_word *words, uint32_t count,
			struct probe_line *probe)
{
	int bad;

	if (count < 2)
		return probe_wrong(p, "", &words[0], " without a symbol");
	if (!is_symbol(&words[1]))
		return probe_wrong(p, "", &words[1], " is not the name of a function");
	if (count < 3)
		return probe_wrong(p, "no location after ", &words[1],
			     " (want ret, arg0..arg5, stk0..stk63 or [LOC+N])");
	probe->symbol = words[1];
	bad = probe_location(p, &words[2], &probe->where);
	for (uint32_t i = 3; i < count; i++)
		bad |= line_setting(p, &words[i], probe);
	return bad ? -1 : check_moment(p, probe, &words[2]);
}

static void probe_line(struct probe_parser *p, const struct probe_word *words, uint32_t count,
		       uint32_t verb)
{
	struct probe_set *set = p->set;
	struct probe_line probe;

	if (!p->type_open) {
		probe_wrong(p, "", &words[0], " line before any 'type' line");
		return;
	}
	if (p->type_bad)
		return;
	memset(&probe, 0, sizeof(probe));
	probe.verb = (uint8_t)verb;
	probe.line = p->line;
	probe.stack_words = PROBE_STACK_WORDS;
	probe.type = set->types_used - 1;
	if (probe_fields(p, words, count, &probe) != 0 || check_repeat(p, &probe) != 0)
		return;
	if (set->probes_used == set->probes_max) {
		struct probe_message m = {.used = 0};

		probe_say(&m, "more than ");
		probe_say_number(&m, set->probes_max);
		probe_say(&m, " probes; the rest of the file is ignored");
		probe_tell(p, p->line, 1, PROBE_ERROR, &m);
		p->full = 1;
		return;
	}
	set->types[probe.type].verbs |= (uint16_t)(1u << verb);
	if (probe_begins(&probe))
		set->types[probe.type].verbs |= 1u << PROBE_ADOPT;
	set->probes[set->probes_used++] = probe;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The end of a word. A C++ name goes on within its brackets. */
static uint32_t word_end(const char *at, uint32_t from, uint32_t size, int is_name)
{
	uint32_t depth = 0, i = from;

	for (; i < size && at[i] != '#' && (depth || !is_blank(at[i])); i++) {
		depth += is_name && (at[i] == '<' || at[i] == '(');
		depth -= depth && (at[i] == ')' || (at[i] == '>' && at[i - 1] != '-'));
	}
	return i;
}

static uint32_t split(const char *at, uint32_t size, struct probe_word *words)
{
	uint32_t count = 0, i = 0;

	for (;;) {
		uint32_t from;

		while (i < size && is_blank(at[i]))
			i++;
		if (i == size || at[i] == '#' || count == WORDS_MAX)
			return count;
		from = i;
		i = word_end(at, from, size, count == 1);
		words[count++] = (struct probe_word){at + from, i - from, from + 1};
	}
}

static void line(struct probe_parser *p, const char *at, uint32_t size)
{
	struct probe_word words[WORDS_MAX];
	uint32_t count = split(at, size, words);
	int verb;

	if (count == 0)
		return;
	verb = probe_one_of(p, &words[0], " is not a verb", verb_words, PROBE_VERBS);
	if (verb == PROBE_NONE)
		type_line(p, words, count);
	else if (verb > 0)
		probe_line(p, words, count, (uint32_t)verb);
}

void probe_file_parse(const char *name, const char *text, size_t size, struct probe_set *set,
		      probe_reporter *report, void *context)
{
	struct probe_parser p = {.name = name, .set = set, .report = report, .context = context};
	size_t from = 0;

	set->types_used = set->probes_used = set->errors = set->warnings = 0;
	if (set->probes_max > PROBE_FILE_MAX)
		set->probes_max = PROBE_FILE_MAX;
	while (from < size && !p.full) {
		size_t to = from;

		while (to < size && text[to] != '\n')
			to++;
		p.line++;
		line(&p, text + from, to - from > 4096 ? 4096 : (uint32_t)(to - from));
		from = to + 1;
	}
	close_type(&p);
}

const char *probe_verb_word(uint32_t verb)
{
	return verb > PROBE_NONE && verb < PROBE_VERBS ? verb_words[verb] : "?";
}

/* Goes back to the last '*' only: that is enough for globs, and never takes exponential time. */
static int matches(const char *glob, uint32_t size, const char *name)
{
	uint32_t i = 0, star = size;
	const char *retry = name;

	while (*name) {
		if (i < size && glob[i] == '*') {
			star = i++;
			retry = name;
		} else if (i < size && (glob[i] == '?' || glob[i] == *name)) {
			i++;
			name++;
		} else if (star < size) {
			i = star + 1;
			name = ++retry;
		} else {
			return 0;
		}
	}
	while (i < size && glob[i] == '*')
		i++;
	return i == size;
}

int probe_matches(const struct probe_word *glob, const char *name)
{
	return glob->size == 0 || matches(glob->at, glob->size, name);
}
