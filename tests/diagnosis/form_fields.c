/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in group_close; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was said last is kept until it is known what it belongs to. */
struct answer { char *label, *text; struct answer *more; };
struct group { struct group *outer; char *pending; int answers; };
struct form { struct group *inner; struct answer *all; };

static __attribute__((noinline)) void group_open(struct form *f)
{
	struct group *g = calloc(1, sizeof(*g));

	g->outer = f->inner;
	f->inner = g;
}

static __attribute__((noinline)) int group_close(struct form *f)
{
	struct group *g = f->inner;
	int answers = g->answers;

	f->inner = g->outer; /* <<< */
#ifndef FAULT
	free(g->pending);
#endif
	free(g); /* >>> */
	return answers;
}

static __attribute__((noinline)) void keep(struct form *f, struct answer *a)
{
	struct group *g = f->inner;

	if (!g->pending) {
		g->pending = a->text;
		free(a);
		return;
	}
	a->label = g->pending;
	g->pending = NULL;
	a->more = f->all;
	f->all = a;
	g->answers++;
}

static __attribute__((noinline)) void say(struct form *f, const char *word, size_t length)
{
	struct answer *a = calloc(1, sizeof(*a));

	a->text = strndup(word, length);
	keep(f, a);
}

static int fill_in(const char *s)
{
	struct form f = { NULL, NULL };
	struct answer *next;
	int answers = 0;

	for (size_t n; *s; s += n) {
		n = strcspn(s, " ()");
		if (n)
			say(&f, s, n);
		else if (*s == '(')
			group_open(&f);
		else if (*s == ')')
			answers += group_close(&f);
		n += !n;
	}
	for (struct answer *a = f.all; a; a = next) {
		next = a->more;
		answers += strlen(a->label);
		free(a->label);
		free(a->text);
		free(a);
	}
	return answers;
}

int main(void)
{
	static const char *const forms[] = { "(name anna age)", "(town (street main number 5))", "(a b c d)", "(colour red (shade))" };
	int sum = 0;

	for (int i = 0; i < 24; i++)
		sum += fill_in(forms[i % 4]);
	printf("%d\n", sum);
	return 0;
}
