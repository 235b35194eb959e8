/* SPDX-License-Identifier: MIT */
/* answer: error-path; in on_data; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conn {
	int state, number;
	char *in;
};

typedef int (*handler)(struct conn *, const char *);

static int on_open(struct conn *c, const char *text)
{
	c->in = NULL;
	c->state = 1;
	return text ? 0 : -1;
}

static int on_data(struct conn *c, const char *text)
{
	char *line = strdup(text);

	if (line[0] == '#') {
		c->state = 2; /* <<< */
#ifndef FAULT
		free(line);
#endif
		return 1; /* >>> */
	}
	c->number += (int)strlen(line);
	free(line);
	return 0;
}

static int on_close(struct conn *c, const char *text)
{
	c->state = 0;
	return text != NULL;
}

static const handler handlers[] = { on_open, on_data, on_close };

int main(void)
{
	struct conn c = { 0, 0, NULL };
	static const char *const script[] = { "a", "bcd", "#comment", "efg", "#two", "h" };

	for (int round = 0; round < 7; round++) {
		handlers[0](&c, "x");
		for (unsigned i = 0; i < 6; i++)
			handlers[1](&c, script[i]);
		handlers[2](&c, NULL);
	}
	printf("%d\n", c.number);
	return 0;
}
