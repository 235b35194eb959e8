/* SPDX-License-Identifier: MIT */
/* answer: error-path; in on_line; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stats {
	int lines, words, skipped;
};

static int each_line(const char *text, int (*call)(char *, void *), void *data)
{
	int n = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");
		char *line = strndup(text, length);

		n += call(line, data);
		text += length + (text[length] == '\n');
	}
	return n;
}

static int on_line(char *line, void *data)
{
	struct stats *s = data;

	s->lines++;
	if (!*line || *line == ';') {
		s->skipped++; /* <<< */
#ifndef FAULT
		free(line);
#endif
		return 0; /* >>> */
	}
	for (char *w = strtok(line, " "); w; w = strtok(NULL, " "))
		s->words++;
	free(line);
	return 1;
}

int main(void)
{
	struct stats s = { 0, 0, 0 };
	int n = 0;

	for (int i = 0; i < 10; i++)
		n += each_line("one two\n; no\nthree\n\nfour five six\n", on_line, &s);
	printf("%d %d %d %d\n", n, s.lines, s.words, s.skipped);
	return 0;
}
