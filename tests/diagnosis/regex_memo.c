/* SPDX-License-Identifier: MIT */
/* answer: growing-cache; in compiled|memo_get|memo_add; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct program {
	struct program *next;
	char pattern[32];
	int length;
	unsigned char code[64];
};

static struct program *memo[64];
static unsigned entries;

static unsigned hash(const char *s)
{
	unsigned h = 5381;
	while (*s)
		h = h * 33 ^ (unsigned char)*s++;
	return h;
}

static struct program *compile(const char *pattern)
{
	struct program *p = calloc(1, sizeof(*p));
	snprintf(p->pattern, sizeof(p->pattern), "%s", pattern);
	for (const char *s = pattern; *s; s++)
		p->code[p->length++] = *s == '?' ? 1 : (unsigned char)*s;
	return p;
}

static struct program *compiled(const char *pattern)
{
	unsigned slot = hash(pattern) & 63;
	for (struct program *p = memo[slot]; p; p = p->next)
		if (!strcmp(p->pattern, pattern))
			return p;
	struct program *p = compile(pattern); /* <<< */
	p->next = memo[slot];
	memo[slot] = p;
	entries++;
	return p; /* >>> */
}

#ifndef FAULT
static void memo_clear(void)
{
	for (int i = 0; i < 64; i++)
		while (memo[i]) {
			struct program *next = memo[i]->next;
			free(memo[i]);
			memo[i] = next;
		}
}
#endif

static int match(const struct program *p, const char *text)
{
	if ((int)strlen(text) != p->length)
		return 0;
	for (int i = 0; i < p->length; i++)
		if (p->code[i] != 1 && p->code[i] != (unsigned char)text[i])
			return 0;
	return 1;
}

int main(void)
{
	int hits = 0;
	for (int i = 0; i < 400; i++) {
		char pattern[32];
		snprintf(pattern, sizeof(pattern), "user-%d?", i);
		hits += match(compiled(pattern), "user-42x");
		char *copy = strdup(pattern);
		hits += match(compiled(copy), "user-123");
		free(copy);
	}
#ifndef FAULT
	memo_clear();
#endif
	printf("%d\n", hits);
	return 0;
}
