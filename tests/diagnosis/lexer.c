/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in next_token; at the lines between the marks */

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lexer {
	const char *at;
	char *token;
	int kind;
};

static char *copy(const char *from, size_t n)
{
	char *text = malloc(n + 1);

	memcpy(text, from, n);
	text[n] = 0;
	return text;
}

static int next_token(struct lexer *l)
{
	const char *start;

	while (isspace((unsigned char)*l->at))
		l->at++;
	start = l->at;
	if (!*start)
		return 0;
	if (isdigit((unsigned char)*start)) {
		while (isdigit((unsigned char)*l->at))
			l->at++;
		l->kind = 1;
	} else {
		while (*l->at && !isspace((unsigned char)*l->at))
			l->at++;
		l->kind = 2;
	}
#ifndef FAULT
	free(l->token);
#endif
	l->token = copy(start, (size_t)(l->at - start)); /* <<< >>> */
	return l->kind;
}

int main(void)
{
	struct lexer l = { "let x = 42 ; let yy = 1000 ;", NULL, 0 };
	int sum = 0, kind;

	while ((kind = next_token(&l)))
		sum += kind == 1 ? atoi(l.token) : (int)strlen(l.token);
	free(l.token);
	printf("%d\n", sum);
	return 0;
}
