/* SPDX-License-Identifier: MIT */
/* answer: never-released; in page_title|print_page; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct vars {
	const char *names[4], *values[4];
};

static const char *lookup(const struct vars *v, const char *name, size_t n)
{
	for (int i = 0; i < 4; i++)
		if (v->names[i] && strlen(v->names[i]) == n && !strncmp(v->names[i], name, n))
			return v->values[i];
	return "";
}

static char *expand(const char *text, const struct vars *v)
{
	size_t room = 64, used = 0;
	char *out = malloc(room);
	while (*text) {
		const char *piece = text;
		size_t n = 1;
		const char *end = *text == '{' ? strchr(text, '}') : NULL;
		if (end) {
			piece = lookup(v, text + 1, end - text - 1);
			n = strlen(piece);
			text = end + 1;
		} else {
			text++;
		}
		while (used + n + 1 > room) {
			room *= 2;
			out = realloc(out, room);
		}
		memcpy(out + used, piece, n);
		used += n;
	}
	out[used] = 0;
	return out;
}

static int print_page(FILE *f, const struct vars *v)
{
	char *title = expand("{site}: {page}", v); /* <<< */
	char *body = expand("<p>Welcome to {page}, dear {user}, at {site}. Have a look around.</p>", v);
	int n = fprintf(f, "<h1>%s</h1>%s", title, body);

	free(body);
#ifndef FAULT
	free(title);
#endif
	return n; /* >>> */
}

int main(void)
{
	FILE *f = fopen("/dev/null", "w");
	int n = 0;
	for (int i = 0; i < 40; i++) {
		char page[16], user[16];
		snprintf(page, sizeof(page), "page-%d", i);
		snprintf(user, sizeof(user), "user-%d", i % 5);
		struct vars v = { { "site", "page", "user" }, { "example", page, user } };
		n += print_page(f, &v);
	}
	fclose(f);
	printf("%d\n", n);
	return 0;
}
