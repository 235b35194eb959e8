/* SPDX-License-Identifier: MIT */
/* answer: realloc; in resize; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *resize(char *old, size_t want, size_t most)
{
	char *now;

	if (want > most)
		want = (size_t)-1 / 4;
	now = realloc(old, want);
	if (!now) {
#ifndef FAULT
		free(old);
#endif
		return NULL; /* <<< >>> */
	}
	return now;
}

static int collect(int pieces)
{
	char *text = malloc(8);
	size_t used = 0;

	for (int i = 0; i < pieces; i++) {
		text = resize(text, used + 32, 300);
		if (!text)
			return -1;
		memset(text + used, 'x', 31);
		used += 31;
		text[used] = 0;
	}
	used = strlen(text);
	free(text);
	return (int)used;
}

int main(void)
{
	int bad = 0;

	for (int i = 1; i < 16; i++)
		bad += collect(i) < 0;
	printf("%d\n", bad);
	return 0;
}
