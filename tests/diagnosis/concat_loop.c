/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in join; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *xstrdup(const char *s)
{
	char *d = strdup(s);
	if (!d) {
		perror("strdup");
		exit(1);
	}
	return d;
}

static char *concat3(const char *a, const char *b, const char *c)
{
	size_t la = strlen(a), lb = strlen(b), lc = strlen(c);
	char *s = malloc(la + lb + lc + 1);
	if (!s) {
		perror("malloc");
		exit(1);
	}
	memcpy(s, a, la);
	memcpy(s + la, b, lb);
	memcpy(s + la + lb, c, lc + 1);
	return s;
}

static char *join(const char *const *words, int n, const char *sep)
{
	char *out = xstrdup(words[0]);
	for (int i = 1; i < n; i++) {
		char *longer = concat3(out, sep, words[i]);
#ifndef FAULT
		free(out);
#endif
		out = longer; /* <<< >>> */
	}
	return out;
}

int main(void)
{
	static const char *const words[] = { "alpha", "beta", "gamma", "delta", "epsilon" };
	size_t sum = 0;
	for (int i = 0; i < 30; i++) {
		char *s = join(words, 1 + i % 5, i & 1 ? ", " : "/");
		sum += strlen(s);
		free(s);
	}
	printf("%zu\n", sum);
	return 0;
}
