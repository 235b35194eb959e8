/* SPDX-License-Identifier: MIT */
#include "probe_file.h"

#include <string.h>

#define WORDS_MAX 16u
#define MESSAGE_MAX 240u

struct parser {
	const char *name;
	struct probe_set *set;
	probe_reporter *report;
	void *context;
	uint32_t line;
	int type_open; /* a "type" line was read, so that probe lines have an owner */
	int type_bad;  /* it was wrong: its lines are skipped without more messages */
	int full;
};

struct message {
	char text[MESSAGE_MAX];
	uint32_t used;
};

/* The first words of lines; a verb stands at its number. */
static const char *const verb_words[PROBE_VERBS] = {"type",  "create", "retain", "sink", "release",
						    "final", "touch",  "move",   "adopt"};
static const char *const type_keys[] = {"lib", "count", "initial", "static", "block", "role"};
static const char *const line_keys[] = {"if", "stack", "size"};
static const char *const formats[] = {"u32", "i32", "u64", "neg32"};
static const char *const blocks[] = {"any", "own", "slab", "heap"};
static const char *const roles[] = {"object", "container"};

#define COUNT(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

static void say_bytes(struct message *m, const char *at, uint32_t size)
{
	for (uint32_t i = 0; i < size && m->used < MESSAGE_MAX - 1; i++)
		m->text[m->used++] = (unsigned char)at[i] < 32 || at[i] == 127 ? '?' : at[i];
	m->text[m->used] = 0;
}

static void say(struct message *m, const char *text)
{
	say_bytes(m, text, (uint32_t)strlen(text));
}

static void say_word(struct message *m, const struct probe_word *word)
{
	uint32_t shown = word->size > 80 ? 80 : word->size;

	say(m, "'");
	say_bytes(m, word->at, shown);
	say(m, shown < word->size ? "...'" : "'");
}

static void say_number(struct message *m, uint64_t value)
{
	char digits[20];
	uint32_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	say_bytes(m, digits + n, (uint32_t)sizeof(digits) - n);
}

static void tell(struct parser *p, uint32_t line, uint32_t column, enum probe_gravity gravity,
		 const struct message *m)
{
	if (gravity == PROBE_ERROR)
		p->set->errors++;
	else
		p->set->warnings++;
	if (p->report)
		p->report(p->context, line, column, gravity, m->text);
}

/* The common shape of an error: before 'word' after. Returns -1 for the caller to pass on. */
static int wrong(struct parser *p, const char *before, const struct probe_word *word,
		 const char *after)
{
	struct message m = {.used = 0};

	say(&m, before);
	say_word(&m, word);
	say(&m, after);
	tell(p, p->line, word->column, PROBE_ERROR, &m);
	return -1;
}

static int word_is(const struct probe_word *word, const char *text)
{
	return strlen(text) == word->size && memcmp(word->at, text, word->size) == 0;
}

/* Edits that turn one word into the other: insert, delete, replace, swap neighbours. */
static uint32_t distance(const struct probe_word *word, const char *other)
{
	uint32_t rows[3][33];
	uint32_t n = (uint32_t)strlen(other);

	if (word->size > 32 || n > 32)
		return 99;
	for (uint32_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (uint32_t i = 1; i <= word->size; i++) {
		uint32_t *now = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		now[0] = i;
		for (uint32_t j = 1; j <= n; j++) {
			int same = word->at[i - 1] == other[j - 1];
			uint32_t best = last[j - 1] + !same;

			best = last[j] + 1 < best ? last[j] + 1 : best;
			best = now[j - 1] + 1 < best ? now[j - 1] + 1 : best;
			if (i > 1 && j > 1 && word->at[i - 1] == other[j - 2] &&
			    word->at[i - 2] == other[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
	}
	return rows[word->size % 3][n];
}

/* Complains about a word that should be one of a list, and names the nearest one. */
static int unknown(struct parser *p, const struct probe_word *word, const char *text,
		   const char *const *list, uint32_t count)
{
	struct message m = {.used = 0};
	uint32_t nearest = 0, edits = 99;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t d = distance(word, list[i]);

		if (d < edits) {
			edits = d;
			nearest = i;
		}
	}
	say_word(&m, word);
	say(&m, text);
	if (edits <= 3 && edits < word->size) {
		say(&m, "; did you mean '");
		say(&m, list[nearest]);
		say(&m, "'?");
	} else {
		say(&m, " (want ");
		for (uint32_t i = 0; i < count; i++) {
			say(&m, i == 0 ? "" : i + 1 == count ? " or " : ", ");
			say(&m, list[i]);
		}
		say(&m, ")");
	}
	tell(p, p->line, word->column, PROBE_ERROR, &m);
	return -1;
}

static struct probe_word part(const struct probe_word *word, uint32_t from, uint32_t to)
{
	struct probe_word piece = {word->at + from, to - from, word->column + from};

	return piece;
}

/* Decimal or 0x number with an optional minus. Returns 0 or -1. */
static int number(const struct probe_word *word, int64_t *value)
{
	uint32_t i = 0;
	uint64_t sum = 0, base = 10;
	int negative = word->size > 0 && word->at[0] == '-';

	i += (uint32_t)negative;
	if (word->size > i + 2 && word->at[i] == '0' && (word->at[i + 1] | 32) == 'x') {
		base = 16;
		i += 2;
	}
	if (i == word->size)
		return -1;
	for (; i < word->size; i++) {
		unsigned char c = (unsigned char)word->at[i];
		uint64_t digit = c >= '0' && c <= '9' ? (uint64_t)(c - '0')
				 : (c | 32) >= 'a' && (c | 32) <= 'f' ? (uint64_t)((c | 32) - 'a' + 10)
								      : 99;

		if (digit >= base || sum > (INT64_MAX - digit) / base)
			return -1;
		sum = sum * base + digit;
	}
	*value = negative ? -(int64_t)sum : (int64_t)sum;
	return 0;
}

static int bad_location(struct parser *p, const struct probe_word *word)
{
	return wrong(p, "unknown location ", word, " (want ret, arg0..arg5, stk0..stk63 or [LOC+N])");
}

static int location_base(struct parser *p, const struct probe_word *word,
			 struct probe_location *where)
{
	struct probe_word digits = word->size > 3 ? part(word, 3, word->size) : *word;
	int is_arg = word->size > 3 && memcmp(word->at, "arg", 3) == 0;
	int is_stk = word->size > 3 && memcmp(word->at, "stk", 3) == 0;
	int64_t index;

	if (word_is(word, "ret")) {
		where->base = PROBE_RET;
		return 0;
	}
	if ((!is_arg && !is_stk) || digits.at[0] == '-' || number(&digits, &index) != 0 ||
	    index > (is_arg ? 5 : (int64_t)PROBE_STACK_MAX - 1))
		return bad_location(p, word);
	where->base = is_arg ? PROBE_ARG : PROBE_STK;
	where->index = (uint8_t)index;
	return 0;
}

/* The index of the last '+' or '-' that belongs to the outermost "[...]", else the size. */
static uint32_t offset_mark(const struct probe_word *inside)
{
	for (uint32_t i = inside->size; i > 1; i--) {
		char c = inside->at[i - 1];

		if (c == ']')
			break;
		if (c == '+' || c == '-')
			return i - 1;
	}
	return inside->size;
}

static int location(struct parser *p, const struct probe_word *word, struct probe_location *where)
{
	struct probe_word inside = *word;
	int32_t offsets[PROBE_LOADS];
	uint32_t loads = 0;

	memset(where, 0, sizeof(*where));
	while (inside.size > 0 && inside.at[0] == '[') {
		struct probe_word tail;
		int64_t offset = 0;
		uint32_t mark;

		if (inside.at[inside.size - 1] != ']')
			return wrong(p, "no closing ']' in ", word, "");
		if (loads == PROBE_LOADS)
			return wrong(p, "more than 3 loads in ", word, "");
		inside = part(&inside, 1, inside.size - 1);
		mark = offset_mark(&inside);
		tail = part(&inside, mark + (mark < inside.size && inside.at[mark] == '+'), inside.size);
		if (mark < inside.size &&
		    (number(&tail, &offset) != 0 || offset > INT32_MAX || offset < INT32_MIN))
			return wrong(p, "", &tail, " is not an offset");
		inside.size = mark;
		offsets[loads++] = (int32_t)offset;
	}
	if (location_base(p, &inside, where) != 0)
		return -1;
	where->loads = (uint8_t)loads;
	for (uint32_t i = 0; i < loads; i++)
		where->offset[i] = offsets[loads - 1 - i];
	return 0;
}

static int condition(struct parser *p, const struct probe_word *word, struct probe_condition *c)
{
	static const struct {
		const char *text;
		uint8_t compare;
	} compares[] = {{"==", PROBE_EQUAL}, {"!=", PROBE_UNEQUAL}, {">=", PROBE_AT_LEAST}, {"&", PROBE_BITS}};
	struct probe_word left, right;
	int64_t value;

	for (uint32_t i = 0; i < word->size; i++)
		for (uint32_t k = 0; k < COUNT(compares); k++) {
			uint32_t n = (uint32_t)strlen(compares[k].text);

			if (i + n > word->size || memcmp(word->at + i, compares[k].text, n) != 0)
				continue;
			left = part(word, 0, i);
			right = part(word, i + n, word->size);
			if (location(p, &left, &c->where) != 0)
				return -1;
			if (number(&right, &value) != 0)
				return wrong(p, "", &right, " is not a number");
			c->compare = compares[k].compare;
			c->value = (uint64_t)value;
			return 0;
		}
	return wrong(p, "condition ", word, " has none of ==, !=, &, >=");
}

/* Splits "key=value". Returns the key's index in the list, or -1. */
static int setting(struct parser *p, const struct probe_word *word, const char *const *keys,
		   uint32_t count, struct probe_word *value)
{
	struct probe_word key;
	uint32_t mark = 0;

	while (mark < word->size && word->at[mark] != '=')
		mark++;
	if (mark == word->size)
		return wrong(p, "", word, " is not of the form key=value");
	key = part(word, 0, mark);
	*value = part(word, mark + 1, word->size);
	for (uint32_t i = 0; i < count; i++)
		if (word_is(&key, keys[i]))
			return value->size ? (int)i : wrong(p, "", word, " has no value");
	return unknown(p, &key, " is not a setting of this line", keys, count);
}

static int count_setting(struct parser *p, const struct probe_word *value, struct probe_type *t)
{
	struct probe_word format, offset;
	uint32_t mark = 0;
	int64_t where;

	while (mark < value->size && value->at[mark] != '@')
		mark++;
	if (mark == value->size)
		return wrong(p, "count ", value, " is not of the form FMT@OFFSET");
	format = part(value, 0, mark);
	offset = part(value, mark + 1, value->size);
	if (number(&offset, &where) != 0 || where > 1 << 20 || where < -(1 << 20))
		return wrong(p, "", &offset, " is not an offset");
	for (uint32_t i = 0; i < COUNT(formats); i++)
		if (word_is(&format, formats[i])) {
			t->count_format = (uint8_t)(PROBE_COUNT_U32 + i);
			t->count_offset = (int32_t)where;
			return 0;
		}
	return unknown(p, &format, " is not a count format", formats, COUNT(formats));
}

static int block_setting(struct parser *p, const struct probe_word *value, struct probe_type *t)
{
	for (uint32_t i = 0; i < COUNT(blocks); i++)
		if (word_is(value, blocks[i])) {
			t->block = (uint8_t)i;
			return 0;
		}
	return unknown(p, value, " is not a kind of block", blocks, COUNT(blocks));
}

static int role_setting(struct parser *p, const struct probe_word *value, struct probe_type *t)
{
	for (uint32_t i = 0; i < COUNT(roles); i++)
		if (word_is(value, roles[i])) {
			t->role = (uint8_t)i;
			return 0;
		}
	return unknown(p, value, " is not a role", roles, COUNT(roles));
}

static int type_setting(struct parser *p, const struct probe_word *word, struct probe_type *t)
{
	struct probe_word value;
	int64_t n = 0;
	int key = setting(p, word, type_keys, COUNT(type_keys), &value);

	if (key < 0)
		return -1;
	if ((key == 2 || key == 3) && number(&value, &n) != 0)
		return wrong(p, "", &value, " is not a number");
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
		return block_setting(p, &value, t);
	default:
		return role_setting(p, &value, t);
	}
}

/* The type that was read last has no more lines: is it whole? */
static void close_type(struct parser *p)
{
	struct message m = {.used = 0};
	struct probe_type *t;
	uint32_t makes = 1u << PROBE_CREATE | 1u << PROBE_ADOPT;
	uint32_t ends = 1u << PROBE_RELEASE | 1u << PROBE_FINAL;

	if (!p->type_open || p->type_bad)
		return;
	t = &p->set->types[p->set->types_used - 1];
	if (!(t->verbs & makes) == !(t->verbs & ends))
		return;
	say(&m, "type ");
	say_word(&m, &t->name);
	say(&m, t->verbs & makes ? " has create but neither release nor final"
				 : " has release but neither create nor adopt");
	tell(p, t->line, 1, PROBE_WARNING, &m);
}

static void type_line(struct parser *p, const struct probe_word *words, uint32_t count)
{
	struct probe_type *t = &p->set->types[p->set->types_used];
	int bad = 0;

	close_type(p);
	p->type_open = 1;
	p->type_bad = 1;
	if (count < 2) {
		wrong(p, "", &words[0], " without a name");
		return;
	}
	if (p->set->types_used == p->set->types_max) {
		wrong(p, "too many types; ", &words[1], " is ignored");
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
			bad = wrong(p, "type ", &words[1], " was already declared");
	}
	if (bad)
		return;
	p->set->types_used++;
	p->type_bad = 0;
}

static int probe_setting(struct parser *p, const struct probe_word *word, struct probe_line *probe)
{
	struct probe_word value;
	int64_t n;
	int key = setting(p, word, line_keys, COUNT(line_keys), &value);

	if (key < 0)
		return -1;
	if (key == 0)
		return condition(p, &value, &probe->condition);
	if (key == 2) {
		probe->has_size = 1;
		return location(p, &value, &probe->size);
	}
	if (number(&value, &n) != 0 || n < 0 || n > PROBE_STACK_MAX)
		return wrong(p, "", &value, " is not a number of stack words (0 to 64)");
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
static int check_moment(struct parser *p, const struct probe_line *probe, const struct probe_word *word)
{
	int after = probe->verb == PROBE_CREATE || probe->verb == PROBE_ADOPT ||
		    probe->verb == PROBE_RETAIN;

	if (!after && probe->where.base == PROBE_RET)
		return wrong(p, "", word, ": only create, adopt and retain can use ret");
	if (probe->condition.compare && probe->condition.where.base == PROBE_RET && !after)
		return wrong(p, "", word, ": only create, adopt and retain can test ret");
	return 0;
}

/* The same symbol may be declared once for each verb and library. */
static int check_repeat(struct parser *p, const struct probe_line *probe)
{
	const struct probe_type *type = &p->set->types[probe->type];
	struct message m = {.used = 0};

	for (uint32_t i = 0; i < p->set->probes_used; i++) {
		const struct probe_line *other = &p->set->probes[i];
		const struct probe_type *owner = &p->set->types[other->type];

		if (other->verb != probe->verb || other->symbol.size != probe->symbol.size ||
		    memcmp(other->symbol.at, probe->symbol.at, probe->symbol.size) != 0 ||
		    owner->library.size != type->library.size ||
		    memcmp(owner->library.at, type->library.at, type->library.size) != 0)
			continue;
		say_word(&m, &probe->symbol);
		say(&m, " in ");
		say_bytes(&m, type->library.size ? type->library.at : "*",
			  type->library.size ? type->library.size : 1);
		say(&m, " already declared at ");
		say(&m, p->name);
		say(&m, ":");
		say_number(&m, other->line);
		say(&m, " as ");
		say(&m, verb_words[other->verb]);
		say(&m, " of ");
		say_bytes(&m, owner->name.at, owner->name.size);
		tell(p, p->line, probe->symbol.column, PROBE_ERROR, &m);
		return -1;
	}
	return 0;
}

static int probe_fields(struct parser *p, const struct probe_word *words, uint32_t count,
			struct probe_line *probe)
{
	int bad;

	if (count < 2)
		return wrong(p, "", &words[0], " without a symbol");
	if (!is_symbol(&words[1]))
		return wrong(p, "", &words[1], " is not the name of a function");
	if (count < 3)
		return wrong(p, "no location after ", &words[1],
			     " (want ret, arg0..arg5, stk0..stk63 or [LOC+N])");
	probe->symbol = words[1];
	bad = location(p, &words[2], &probe->where);
	for (uint32_t i = 3; i < count; i++)
		bad |= probe_setting(p, &words[i], probe);
	return bad ? -1 : check_moment(p, probe, &words[2]);
}

static void probe_line(struct parser *p, const struct probe_word *words, uint32_t count,
		       uint32_t verb)
{
	struct probe_set *set = p->set;
	struct probe_line probe;

	if (!p->type_open) {
		wrong(p, "", &words[0], " line before any 'type' line");
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
		struct message m = {.used = 0};

		say(&m, "more than ");
		say_number(&m, set->probes_max);
		say(&m, " probes; the rest of the file is ignored");
		tell(p, p->line, 1, PROBE_ERROR, &m);
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

static void line(struct parser *p, const char *at, uint32_t size)
{
	struct probe_word words[WORDS_MAX];
	uint32_t count = split(at, size, words);

	if (count == 0)
		return;
	if (word_is(&words[0], "type")) {
		type_line(p, words, count);
		return;
	}
	for (uint32_t verb = PROBE_CREATE; verb < PROBE_VERBS; verb++)
		if (word_is(&words[0], verb_words[verb])) {
			probe_line(p, words, count, verb);
			return;
		}
	unknown(p, &words[0], " is not a verb", verb_words, PROBE_VERBS);
}

void probe_file_parse(const char *name, const char *text, size_t size, struct probe_set *set,
		      probe_reporter *report, void *context)
{
	struct parser p = {.name = name, .set = set, .report = report, .context = context};
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
