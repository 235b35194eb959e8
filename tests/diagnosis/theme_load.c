/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in theme_set; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum slot { FOREGROUND, BACKGROUND, ACCENT, SLOTS };

static struct theme {
	char *colours[SLOTS];
	int generation;
} theme;

static void theme_set(enum slot s, const char *colour)
{
#ifndef FAULT
	free(theme.colours[s]);
#endif
	theme.colours[s] = strdup(colour); /* <<< */
	theme.generation++; /* >>> */
}

static void theme_load(int dark)
{
	theme_set(FOREGROUND, dark ? "#ffffff" : "#000000");
	theme_set(BACKGROUND, dark ? "#202020" : "#f0f0f0");
	theme_set(ACCENT, "#3060c0");
}

int main(void)
{
	for (int i = 0; i < 9; i++)
		theme_load(i & 1);
	printf("%s %d\n", theme.colours[ACCENT], theme.generation);
	for (int s = 0; s < SLOTS; s++) {
		free(theme.colours[s]);
		theme.colours[s] = NULL;
	}
	return 0;
}
