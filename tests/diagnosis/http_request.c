/* SPDX-License-Identifier: MIT */
/* answer: error-path; in request_parse; at the lines between the marks */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct request {
	char *method, *path;
	struct header {
		struct header *next;
		char *name, *value;
	} *headers;
};

static void request_free(struct request *r)
{
	while (r->headers) {
		struct header *h = r->headers;

		r->headers = h->next;
		free(h->name);
		free(h->value);
		free(h);
	}
	free(r->method);
	free(r->path);
	free(r);
}

static char *word(const char **s, int stop)
{
	const char *end = strchr(*s, stop);
	char *w;

	if (!end)
		return NULL;
	w = strndup(*s, (size_t)(end - *s));
	*s = end + 1;
	return w;
}

static int header_add(struct request *r, const char **s)
{
	struct header *h = calloc(1, sizeof(*h));

	h->name = word(s, ':');
	if (!h->name) {
		free(h);
		return -1;
	}
	while (**s == ' ')
		++*s;
	h->value = word(s, '\n');
	if (!h->value) {
		free(h->name);
		free(h);
		return -1;
	}
	h->next = r->headers;
	r->headers = h;
	return 0;
}

static struct request *request_parse(const char *s)
{
	struct request *r = calloc(1, sizeof(*r));

	r->method = word(&s, ' ');
	r->path = word(&s, '\n');
	if (!r->method || !r->path)
		goto bad;
	while (*s && *s != '\n')
		if (header_add(r, &s)) {
#ifdef FAULT
			free(r); /* <<< */
			return NULL; /* >>> */
#else
			goto bad;
#endif
		}
	return r;
bad:
	request_free(r);
	return NULL;
}

int main(void)
{
	int good = 0;

	for (int i = 0; i < 30; i++) {
		struct request *r = request_parse(i % 6 == 2 ? "GET /x\nHost: a\nbroken" : "GET /\nHost: b\nAccept: all\n\n");

		if (r) {
			good += r->headers->value[0] == 'a';
			request_free(r);
		}
	}
	printf("%d\n", good);
	return 0;
}
