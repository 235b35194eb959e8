/* SPDX-License-Identifier: MIT */
/* The words of a probe file: see probe_words.h. */
#include "probe_words.h"

#include <string.h>

void probe_say_bytes(struct probe_message *m, const char *at, uint32_t size)
{
	for (uint32_t i = 0; i < size && m->used < PROBE_MESSAGE_MAX - 1; i++)
		m->text[m->used++] = (unsigned char)at[i] < 32 || at[i] == 127 ? '?' : at[i];
	m->text[m->used] = 0;
}

void probe_say(struct probe_message *m, const char *text)
{
	probe_say_bytes(m, text, (uint32_t)strlen(text));
}

void probe_say_word(struct probe_message *m, const struct probe_word *word)
{
	uint32_t shown = word->size > 80 ? 80 : word->size;

	probe_say(m, "'");
	probe_say_bytes(m, word->at, shown);
	probe_say(m, shown < word->size ? "...'" : "'");
}

void probe_say_number(struct probe_message *m, uint64_t value)
{
	char digits[20];
	uint32_t n = sizeof(digits);

	do
		digits[--n] = (char)('0' + value % 10);
	while ((value /= 10) != 0);
	probe_say_bytes(m, digits + n, (uint32_t)sizeof(digits) - n);
}

void probe_tell(struct probe_parser *p, uint32_t line, uint32_t column, enum probe_gravity gravity,
		 const struct probe_message *m)
{
	if (gravity == PROBE_ERROR)
		p->set->errors++;
	else
		p->set->warnings++;
	if (p->report)
		p->report(p->context, line, column, gravity, m->text);
}

int probe_wrong(struct probe_parser *p, const char *before, const struct probe_word *word,
		 const char *after)
{
	struct probe_message m = {.used = 0};

	probe_say(&m, before);
	probe_say_word(&m, word);
	probe_say(&m, after);
	probe_tell(p, p->line, word->column, PROBE_ERROR, &m);
	return -1;
}

int probe_word_is(const struct probe_word *word, const char *text)
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
static int unknown(struct probe_parser *p, const struct probe_word *word, const char *text,
		   const char *const *list, uint32_t count)
{
	struct probe_message m = {.used = 0};
	uint32_t nearest = 0, edits = 99;

	for (uint32_t i = 0; i < count; i++) {
		uint32_t d = distance(word, list[i]);

		if (d < edits) {
			edits = d;
			nearest = i;
		}
	}
	probe_say_word(&m, word);
	probe_say(&m, text);
	if (edits <= 3 && edits < word->size) {
		probe_say(&m, "; did you mean '");
		probe_say(&m, list[nearest]);
		probe_say(&m, "'?");
	} else {
		probe_say(&m, " (want ");
		for (uint32_t i = 0; i < count; i++) {
			probe_say(&m, i == 0 ? "" : i + 1 == count ? " or " : ", ");
			probe_say(&m, list[i]);
		}
		probe_say(&m, ")");
	}
	probe_tell(p, p->line, word->column, PROBE_ERROR, &m);
	return -1;
}

int probe_one_of(struct probe_parser *p, const struct probe_word *word, const char *text, const char *const *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (probe_word_is(word, list[i]))
			return (int)i;
	return unknown(p, word, text, list, count);
}

struct probe_word probe_part(const struct probe_word *word, uint32_t from, uint32_t to)
{
	struct probe_word piece = {word->at + from, to - from, word->column + from};

	return piece;
}

int probe_number(const struct probe_word *word, int64_t *value)
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

static int bad_location(struct probe_parser *p, const struct probe_word *word)
{
	return probe_wrong(p, "unknown location ", word, " (want ret, arg0..arg5, stk0..stk63 or [LOC+N])");
}

static int location_base(struct probe_parser *p, const struct probe_word *word,
			 struct probe_location *where)
{
	struct probe_word digits = word->size > 3 ? probe_part(word, 3, word->size) : *word;
	int is_arg = word->size > 3 && memcmp(word->at, "arg", 3) == 0;
	int is_stk = word->size > 3 && memcmp(word->at, "stk", 3) == 0;
	int64_t index;

	if (probe_word_is(word, "ret")) {
		where->base = PROBE_RET;
		return 0;
	}
	if ((!is_arg && !is_stk) || digits.at[0] == '-' || probe_number(&digits, &index) != 0 ||
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

int probe_location(struct probe_parser *p, const struct probe_word *word, struct probe_location *where)
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
			return probe_wrong(p, "no closing ']' in ", word, "");
		if (loads == PROBE_LOADS)
			return probe_wrong(p, "more than 3 loads in ", word, "");
		inside = probe_part(&inside, 1, inside.size - 1);
		mark = offset_mark(&inside);
		tail = probe_part(&inside, mark + (mark < inside.size && inside.at[mark] == '+'), inside.size);
		if (mark < inside.size &&
		    (probe_number(&tail, &offset) != 0 || offset > INT32_MAX || offset < INT32_MIN))
			return probe_wrong(p, "", &tail, " is not an offset");
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

int probe_condition(struct probe_parser *p, const struct probe_word *word, struct probe_condition *c)
{
	static const struct {
		const char *text;
		uint8_t compare;
	} compares[] = {{"==", PROBE_EQUAL}, {"!=", PROBE_UNEQUAL}, {">=", PROBE_AT_LEAST}, {"&", PROBE_BITS}};
	struct probe_word left, right;
	int64_t value;

	for (uint32_t i = 0; i < word->size; i++)
		for (uint32_t k = 0; k < PROBE_LENGTH(compares); k++) {
			uint32_t n = (uint32_t)strlen(compares[k].text);

			if (i + n > word->size || memcmp(word->at + i, compares[k].text, n) != 0)
				continue;
			left = probe_part(word, 0, i);
			right = probe_part(word, i + n, word->size);
			if (probe_location(p, &left, &c->where) != 0)
				return -1;
			if (probe_number(&right, &value) != 0)
				return probe_wrong(p, "", &right, " is not a number");
			c->compare = compares[k].compare;
			c->value = (uint64_t)value;
			return 0;
		}
	return probe_wrong(p, "condition ", word, " has none of ==, !=, &, >=");
}

int probe_setting(struct probe_parser *p, const struct probe_word *word, const char *const *keys,
		   uint32_t count, struct probe_word *value)
{
	struct probe_word key;
	uint32_t mark = 0;
	int which;

	while (mark < word->size && word->at[mark] != '=')
		mark++;
	if (mark == word->size)
		return probe_wrong(p, "", word, " is not of the form key=value");
	key = probe_part(word, 0, mark);
	*value = probe_part(word, mark + 1, word->size);
	which = probe_one_of(p, &key, " is not a setting of this line", keys, count);
	return which < 0 || value->size ? which : probe_wrong(p, "", word, " has no value");
}
