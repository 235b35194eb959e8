/* SPDX-License-Identifier: MIT */
/* answer: extra-retain|error-path; in conn_submit; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct conn {
	int refcnt;
	int fd;
	int pending;
	char name[40];
};

struct req {
	struct req *next;
	struct conn *conn;
	char body[64];
};

static struct req *queue;
static int queued;

static struct conn *conn_new(int fd)
{
	struct conn *c = calloc(1, sizeof(*c));

	c->refcnt = 1;
	c->fd = fd;
	snprintf(c->name, sizeof(c->name), "conn-%d", fd);
	return c;
}

static struct conn *conn_get(struct conn *c)
{
	c->refcnt++;
	return c;
}

static void conn_put(struct conn *c)
{
	if (--c->refcnt)
		return;
	free(c);
}

static int conn_submit(struct conn *c, const char *body)
{
	struct req *r = malloc(sizeof(*r));

	r->conn = conn_get(c);
	if (strlen(body) >= sizeof(r->body)) {
#ifndef FAULT
		conn_put(r->conn);
#endif
		free(r); /* <<< */
		return -1; /* >>> */
	}
	strcpy(r->body, body);
	r->next = queue;
	queue = r;
	queued++;
	c->pending++;
	return 0;
}

static void run_queue(void)
{
	while (queue) {
		struct req *r = queue;

		queue = r->next;
		r->conn->pending--;
		conn_put(r->conn);
		free(r);
	}
}

int main(void)
{
	int failed = 0;

	for (int i = 0; i < 150; i++) {
		struct conn *c = conn_new(i + 3);
		char body[120];

		snprintf(body, sizeof(body), "GET /item/%d%s", i, i % 25 == 8 ? "?with=a&very=long&query=string&that=does&not=fit&into=the&buffer" : "");
		if (conn_submit(c, body))
			failed++;
		if (i % 2)
			conn_submit(c, "PING");
		conn_put(c);
		if (i % 16 == 0)
			run_queue();
	}
	run_queue();
	printf("%d %d\n", queued, failed);
	return 0;
}
