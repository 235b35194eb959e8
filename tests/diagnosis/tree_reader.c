/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|dropped-queue; in level_pop; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct value { struct value *next; char *key, *text; struct value *first; };
struct level { struct level *next; struct value *value; char *key; };
struct reader { struct level *top; struct value *root; };

static __attribute__((noinline)) struct value *value_new(void)
{
	return calloc(1, sizeof(struct value));
}

static void value_free(struct value *v)
{
	for (struct value *c = v->first, *next; c; c = next) {
		next = c->next;
		value_free(c);
	}
	free(v->key);
	free(v->text);
	free(v);
}

static __attribute__((noinline)) void level_push(struct reader *r, struct value *v)
{
	struct level *l = malloc(sizeof(*l));

	l->value = v;
	l->key = NULL;
	l->next = r->top;
	r->top = l;
}

static __attribute__((noinline)) struct value *level_pop(struct reader *r)
{
	struct level *l = r->top;
	struct value *v = l->value;

	r->top = l->next; /* <<< */
#ifndef FAULT
	free(l->key);
#endif
	free(l); /* >>> */
	return v;
}

/* A text is a key, or what belongs to the key that came before it. */
static __attribute__((noinline)) void value_add(struct reader *r, struct value *v)
{
	if (!r->top) {
		r->root = v;
	} else if (!r->top->key && v->text) {
		r->top->key = v->text;
		v->text = NULL;
		free(v);
	} else {
		v->key = r->top->key;
		r->top->key = NULL;
		v->next = r->top->value->first;
		r->top->value->first = v;
	}
}

static __attribute__((noinline)) void on_text(struct reader *r, const char *text, size_t n)
{
	struct value *v = value_new();

	v->text = malloc(n + 1);
	memcpy(v->text, text, n);
	v->text[n] = 0;
	value_add(r, v);
}

static __attribute__((noinline)) struct value *parse(const char *s)
{
	struct reader r = { NULL, NULL };

	for (; *s; s++)
		if (*s == '{')
			level_push(&r, value_new());
		else if (*s == '}')
			value_add(&r, level_pop(&r));
		else if (*s >= 'a' && *s <= 'z')
			on_text(&r, s, 1);
	while (r.top)
		value_free(level_pop(&r));
	return r.root;
}

int main(void)
{
	static const char *const texts[] = { "{ab}", "{ab c", "{a{bc}}", "{d{ef}g", "{x" };

	for (int i = 0; i < 5; i++) {
		struct value *v = parse(texts[i]);

		puts(v ? v->first->key : "unfinished");
		if (v)
			value_free(v);
	}
	return 0;
}
