/* SPDX-License-Identifier: MIT */
/* answer: error-path; in read_word; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { WORD, NUMBERS, NESTED };

struct numbers {
	int count, *list;
};

struct value {
	enum kind kind;
	char *word;
	struct numbers *numbers;
	struct value *nested, *next;
};

struct rule {
	struct value *values;
	int number;
};

static void free_numbers(struct numbers *n)
{
	free(n->list);
	free(n);
}

static void free_value(struct value *v);

static void free_values(struct value *v)
{
	while (v) {
		struct value *next = v->next;

		free_value(v);
		v = next;
	}
}

static void free_value(struct value *v)
{
	switch (v->kind) {
	case WORD:
		free(v->word);
		break;
	case NUMBERS:
		free_numbers(v->numbers);
		break;
	case NESTED:
		free_values(v->nested);
		break;
	}
	free(v);
}

static struct value *add(struct rule *r, enum kind kind)
{
	struct value *v = calloc(1, sizeof(*v));

	v->kind = kind;
	v->next = r->values;
	r->values = v;
	return v;
}

static void read_word(struct rule *r, const char *word)
{
	char *copy;
	size_t size;

	if (word[0] == '#') {
		add(r, NUMBERS)->numbers = calloc(1, sizeof(struct numbers));
		return;
	}
	if (word[0] == '(') {
		struct rule inner = { NULL, 0 };

		add(&inner, NUMBERS)->numbers = calloc(1, sizeof(struct numbers));
		add(r, NESTED)->nested = inner.values;
		return;
	}
	copy = strdup(word);
	size = strlen(copy);
	if (copy[size - 1] == ';') {
		copy[--size] = 0;
		r->number++;
	}
	if (size) // <<<
		add(r, WORD)->word = copy;
#ifndef FAULT
	else
		free(copy);
#endif
} // >>>

static void read_rule(struct rule *r, const char *line)
{
	char word[32];
	int used;

	for (; sscanf(line, " %31s%n", word, &used) == 1; line += used)
		read_word(r, word);
}

int main(void)
{
	static const char *const lines[] = { "set #12 left;", "bind ; ( next ;", "show one two;", "; #1 ( last" };
	int rules = 0;

	for (int i = 0; i < 24; i++) {
		struct rule r = { NULL, 0 };

		read_rule(&r, lines[i % 4]);
		rules += r.number;
		free_values(r.values);
	}
	printf("%d\n", rules);
	return 0;
}
