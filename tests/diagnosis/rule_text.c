/* SPDX-License-Identifier: MIT */
/* answer: error-path; in rules_read; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text { char *content; size_t used, room; };
struct rule { struct rule *next; char *test, *message; };
struct rules { struct rule *first; int errors; };

static __attribute__((noinline)) struct text *text_new(size_t room)
{
	struct text *t = malloc(sizeof(*t));

	t->content = malloc(room);
	t->content[0] = 0;
	t->used = 0;
	t->room = room;
	return t;
}

static __attribute__((noinline)) void text_add(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->used + n + 1 > t->room)
		t->content = realloc(t->content, t->room = t->used + n + 32);
	memcpy(t->content + t->used, s, n + 1);
	t->used += n;
}

static __attribute__((noinline)) char *text_detach(struct text *t)
{
	char *content = t->content;

	t->content = NULL;
	return content;
}

static __attribute__((noinline)) void text_free(struct text *t)
{
	free(t->content);
	free(t);
}

/* The words up to the end of a line. */
static __attribute__((noinline)) char *message_of(const char *line)
{
	struct text *t = text_new(64);
	char *content;

	for (const char *word = line; *word; word++) {
		char one[2] = { *word, 0 };

		text_add(t, one);
	}
	content = text_detach(t);
	text_free(t);
	return content;
}

static __attribute__((noinline)) void complain(struct rules *all, const char *test)
{
	char *line = malloc(strlen(test) + 32);

	sprintf(line, "cannot compile %s", test);
	puts(line);
	free(line);
	all->errors++;
}

static __attribute__((noinline)) struct rule *rule_add(struct rules *all, char *test, char *message)
{
	struct rule *r;

	if (strchr(test, '[') && !strchr(test, ']')) {
		complain(all, test);
		return NULL;
	}
	r = malloc(sizeof(*r));
	r->test = test;
	r->message = message;
	r->next = all->first;
	all->first = r;
	return r;
}

static __attribute__((noinline)) void rules_read(struct rules *all, const char *const *lines, int count)
{
	for (int i = 0; i + 1 < count; i += 2) {
		char *test = strdup(lines[i]);
		char *message = message_of(lines[i + 1]);

		if (!rule_add(all, test, message)) { /* <<< */
			printf("without: %s\n", message);
			free(test);
#ifndef FAULT
			free(message);
#endif
		} /* >>> */
	}
}

static void rules_free(struct rules *all)
{
	while (all->first) {
		struct rule *r = all->first;

		all->first = r->next;
		free(r->test);
		free(r->message);
		free(r);
	}
}

int main(void)
{
	static const char *const lines[] = { "a", "needs an a", "b[", "needs a b", "c", "needs a c", "d[1", "needs the first d" };
	struct rules all = { NULL, 0 };

	rules_read(&all, lines, 8);
	printf("%d errors\n", all.errors);
	rules_free(&all);
	return 0;
}
