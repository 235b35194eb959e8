/* SPDX-License-Identifier: MIT */
/* answer: never-released|overwritten; in title_of|print_titles|main; at the lines between the marks */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
char *to_title(const char *s)
{
	size_t n = strlen(s);
	char *out = malloc(n + 1);
	int start = 1;

	for (size_t i = 0; i <= n; i++) {
		out[i] = (char)(start ? toupper((unsigned char)s[i]) : tolower((unsigned char)s[i]));
		start = s[i] == ' ';
	}
	return out;
}

static size_t print_titles(const char *const *names, int n)
{
	size_t widest = 0;

	for (int i = 0; i < n; i++) {
		char *t = to_title(names[i]); /* <<< */

		if (strlen(t) > widest)
			widest = strlen(t);
		printf("%s\n", t);
#ifndef FAULT
		free(t);
#endif
	} /* >>> */
	return widest;
}

int main(void)
{
	static const char *const names[] = { "the old man AND the sea", "war and peace", "ulysses", "don quixote" };

	return print_titles(names, 4) > 10 ? 0 : 1;
}
