/* SPDX-License-Identifier: MIT */
/* answer: never-released; in count_words; at the lines between the marks */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int count_words(const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	char *line = NULL;
	size_t size = 0;
	int words = 0;

	while (getline(&line, &size, f) > 0)
		for (char *w = strtok(line, " \n"); w; w = strtok(NULL, " \n"))
			words++;
	fclose(f);
#ifndef FAULT
	free(line);
#endif
	return words; /* <<< >>> */
}

int main(void)
{
	printf("%d\n", count_words("one two\nthree\n") + count_words("x y z\n"));
	return 0;
}
