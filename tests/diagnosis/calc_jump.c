/* SPDX-License-Identifier: MIT */
/* answer: longjmp; in evaluate; at the lines between the marks */
#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct calc {
	jmp_buf fail;
	const char *in;
	const char *message;
};

static long expression(struct calc *c);

static void error(struct calc *c, const char *message)
{
	c->message = message;
	longjmp(c->fail, 1);
}

static long factor(struct calc *c)
{
	long v = 0;

	if (*c->in == '(') {
		c->in++;
		v = expression(c);
		if (*c->in++ != ')')
			error(c, "missing )");
		return v;
	}
	if (!isdigit((unsigned char)*c->in))
		error(c, "number expected");
	while (isdigit((unsigned char)*c->in))
		v = v * 10 + *c->in++ - '0';
	return v;
}

static long term(struct calc *c)
{
	long v = factor(c);

	while (*c->in == '*' || *c->in == '/') {
		int op = *c->in++;
		long w = factor(c);

		if (op == '/' && !w)
			error(c, "division by zero");
		v = op == '*' ? v * w : v / w;
	}
	return v;
}

static long expression(struct calc *c)
{
	long v = term(c);

	while (*c->in == '+' || *c->in == '-')
		v += *c->in++ == '+' ? term(c) : -term(c);
	return v;
}

static char *without_spaces(const char *text)
{
	char *copy = malloc(strlen(text) + 1), *w = copy;

	for (; *text; text++)
		if (*text != ' ')
			*w++ = *text;
	*w = '\0';
	return copy;
}

static int evaluate(const char *text, long *result)
{
	struct calc c;
	char *volatile copy = without_spaces(text);

	if (setjmp(c.fail)) { /* <<< */
		fprintf(stderr, "%s: %s\n", text, c.message);
#ifndef FAULT
		free(copy);
#endif
		return -1;
	} /* >>> */
	c.in = copy;
	*result = expression(&c);
	free(copy);
	return 0;
}

int main(void)
{
	static const char *const lines[] = { "1 + 2 * 3", "(4 - 1) * 7", "8 / (2 - 2)", "12 / 5", "3 * (2 + 1", "6" };
	long sum = 0, r;
	int bad = 0;

	for (int i = 0; i < 48; i++) {
		if (evaluate(lines[i % 6], &r) < 0)
			bad++;
		else
			sum += r;
	}
	printf("%ld %d\n", sum, bad);
	return 0;
}
