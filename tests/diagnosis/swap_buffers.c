/* SPDX-License-Identifier: MIT */
/* answer: error-path; in flip; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct screen { char *front, *back; int width; };

static struct screen *screen_new(int width)
{
	struct screen *s = malloc(sizeof(*s));

	s->width = width;
	s->front = calloc(1, (size_t)width);
	s->back = calloc(1, (size_t)width);
	return s;
}

static int flip(struct screen *s, int new_width)
{
	char *fresh = malloc((size_t)new_width);

	if (new_width < s->width) {
#ifndef FAULT
		free(fresh);
#endif
		return -1; /* <<< >>> */
	}
	memcpy(fresh, s->back, (size_t)s->width);
	free(s->front);
	s->front = s->back;
	s->back = fresh;
	return 0;
}

static void screen_free(struct screen *s)
{
	free(s->front);
	free(s->back);
	free(s);
}

int main(void)
{
	struct screen *s = screen_new(10);
	int bad = 0;

	for (int i = 0; i < 12; i++)
		bad += flip(s, i % 4 == 3 ? 5 : 12) < 0;
	printf("%d %d\n", bad, s->front[0]);
	screen_free(s);
	return 0;
}
