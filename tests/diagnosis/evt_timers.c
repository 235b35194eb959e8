/* SPDX-License-Identifier: MIT */
/* answer: never-released|owner-freed; in conn_close; at the lines between the marks; build: libevent */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

struct conn {
	struct event *timeout;
	int id;
};

static int expired;

static void on_timeout(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd;
	(void)what;
	expired += c->id;
}

static struct conn *conn_open(struct event_base *base, int id)
{
	struct timeval soon = { 0, 1000 };
	struct conn *c = malloc(sizeof(*c));

	c->id = id;
	c->timeout = evtimer_new(base, on_timeout, c);
	evtimer_add(c->timeout, &soon);
	return c;
}

static void conn_close(struct conn *c)
{
#ifdef FAULT
	event_del(c->timeout); /* <<< */
#else
	event_free(c->timeout);
#endif
	free(c); /* >>> */
}

int main(void)
{
	struct event_base *base = event_base_new();
	struct conn *all[10];

	for (int i = 0; i < 10; i++)
		all[i] = conn_open(base, i);
	event_base_loop(base, EVLOOP_ONCE);
	for (int i = 0; i < 10; i++)
		conn_close(all[i]);
	event_base_free(base);
	libevent_global_shutdown();
	printf("%d\n", expired > 0);
	return 0;
}
