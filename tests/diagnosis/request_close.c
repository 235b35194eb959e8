/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in request_free; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Memory goes through functions that can be replaced. */
static void (*free_with)(void *);
static __attribute__((noinline)) void mem_free(void *p)
{
	if (free_with)
		free_with(p);
	else
		free(p);
}

struct request { int kind; char *uri, *phrase, *body; };
struct connection { void (*done)(struct connection *); struct request *current; char *host; };

static __attribute__((noinline)) void request_free(struct request *r)
{
	mem_free(r->uri);
	if (r->body)
		mem_free(r->body); /* <<< */
#ifndef FAULT
	mem_free(r->phrase);
#endif
	mem_free(r); /* >>> */
}

static void answered(struct connection *c)
{
	struct request *r = c->current;

	c->current = NULL;
	request_free(r);
}

static __attribute__((noinline)) void request_answer(struct request *r, int code)
{
	mem_free(r->phrase);
	r->phrase = strdup(code == 200 ? "OK" : "Not Found");
}

static __attribute__((noinline)) struct request *request_new(const char *uri)
{
	struct request *r = calloc(1, sizeof(*r));

	r->uri = strdup(uri);
	r->body = strdup("nothing");
	return r;
}

static __attribute__((noinline)) void connection_run(struct connection *c)
{
	request_answer(c->current, strlen(c->current->uri) > 3 ? 404 : 200);
	printf("%s %s\n", c->current->uri, c->current->phrase);
	c->done(c);
}

int main(void)
{
	static const char *const uris[] = { "/", "/a", "/long", "/b" };
	struct connection c = { answered, NULL, strdup("here") };

	for (int i = 0; i < 4; i++) {
		c.current = request_new(uris[i]);
		connection_run(&c);
	}
	mem_free(c.host);
	return 0;
}
