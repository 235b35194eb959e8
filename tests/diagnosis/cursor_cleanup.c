/* SPDX-License-Identifier: MIT */
/* answer: never-released|owner-freed; in view_done; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct cursor {
	const int *at, *end;
	void (*on_close)(void *arg);
	void *arg;
};
struct table {
	int rows[64];
	int readers, closed;
};
struct view {
	struct table *table;
	int from, to;
	char label[16];
};
__attribute__((noinline)) void cursor_close(struct cursor *c)
{
	if (c->on_close)
		c->on_close(c->arg);
	free(c);
}
__attribute__((noinline)) struct cursor *cursor_open(const int *from, const int *to)
{
	struct cursor *c = calloc(1, sizeof(*c));
	c->at = from;
	c->end = to;
	return c;
}
static void view_done(void *arg)
{
	struct view *v = arg;
	v->table->readers--; /* <<< */
	v->table->closed++;
#ifndef FAULT
	free(v);
#endif
} /* >>> */
static void count_done(void *arg)
{
	int *closed = arg;
	++*closed;
}
__attribute__((noinline)) struct cursor *table_view(struct table *t, int from, int to)
{
	struct cursor *c = cursor_open(t->rows + from, t->rows + to);
	struct view *v = malloc(sizeof(*v));
	v->table = t;
	v->from = from;
	v->to = to;
	snprintf(v->label, sizeof(v->label), "%d-%d", from, to);
	t->readers++;
	c->on_close = view_done;
	c->arg = v;
	return c;
}
__attribute__((noinline)) struct cursor *table_all(struct table *t)
{
	struct cursor *c = cursor_open(t->rows, t->rows + 64);
	c->on_close = count_done;
	c->arg = &t->closed;
	return c;
}
static long sum(struct cursor *c)
{
	long all = 0;
	while (c->at < c->end)
		all += *c->at++;
	cursor_close(c);
	return all;
}
int main(void)
{
	static struct table t;
	long all = 0;
	for (int i = 0; i < 64; i++)
		t.rows[i] = i * i % 17;
	for (int i = 0; i < 40; i++)
		all += i % 3 ? sum(table_view(&t, i, i + 20)) : sum(table_all(&t));
	printf("%ld, %d readers, %d closed\n", all, t.readers, t.closed);
	return 0;
}
