/* SPDX-License-Identifier: MIT */
/* answer: never-released; in show; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct url { char *scheme, *host, *path; };

static char *cut(const char *from, const char *to)
{
	size_t n = (size_t)(to - from);
	char *s = malloc(n + 1);

	memcpy(s, from, n);
	s[n] = '\0';
	return s;
}

static int url_parse(struct url *u, const char *text)
{
	const char *colon = strstr(text, "://"), *slash;

	if (!colon)
		return -1;
	slash = strchr(colon + 3, '/');
	if (!slash)
		return -1;
	u->scheme = cut(text, colon);
	u->host = cut(colon + 3, slash);
	u->path = strdup(slash);
	return 0;
}

static void url_clear(struct url *u)
{
	free(u->scheme);
	free(u->host);
	free(u->path);
}

static void show(const char *text)
{
	struct url u;

	if (url_parse(&u, text)) {
		puts("bad");
		return;
	}
	printf("%s %s %s\n", u.scheme, u.host, u.path);
#ifndef FAULT
	url_clear(&u);
#else
	(void)url_clear;
#endif
} /* <<< >>> */

int main(void)
{
	show("http://example.org/index.html");
	show("nonsense");
	show("ftp://files.example.org/pub/x");
	return 0;
}
