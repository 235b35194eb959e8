/* SPDX-License-Identifier: MIT */
/* answer: error-path; in compare; at the lines between the marks */
/* Two texts are compared: the second may be missing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct text {
	size_t size;
	char *bytes;
};

__attribute__((noinline)) static struct text *text_open(const char *name)
{
	struct text *t;

	if (!strncmp(name, "no", 2))
		return NULL;
	t = malloc(sizeof(*t));
	t->size = strlen(name);
	t->bytes = strdup(name);
	return t;
}

__attribute__((noinline)) static void text_close(struct text *t)
{
	free(t->bytes);
	free(t);
}

__attribute__((noinline)) static int compare(const char *left, const char *right)
{
	struct text *a, *b;
	int differ;

	a = text_open(left);
	if (!a)
		return 2;
	b = text_open(right);
	if (!b) { /* <<< */
#ifndef FAULT
		text_close(a);
#endif
		return 2;
	} /* >>> */
	differ = a->size != b->size || memcmp(a->bytes, b->bytes, a->size);
	text_close(a);
	text_close(b);
	return differ;
}

int main(void)
{
	static const char *const names[] = { "spring", "summer", "no winter", "summer" };
	int sum = 0;

	for (int i = 0; i < 24; i++)
		sum += compare(names[i % 4], names[(i + i / 4) % 4]);
	printf("%d\n", sum);
	return 0;
}
