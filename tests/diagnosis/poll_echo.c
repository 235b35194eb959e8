/* SPDX-License-Identifier: MIT */
/* answer: error-path|overwritten|owner-freed; in client_hangup; at the lines between the marks */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CLIENTS 16

struct client {
	int fd;
	unsigned seen;
	size_t have;
	char *in;
};

struct server {
	struct pollfd fds[MAX_CLIENTS];
	struct client *clients[MAX_CLIENTS];
	int n;
};

static void server_add(struct server *s, int fd)
{
	struct client *c = calloc(1, sizeof(*c));

	c->fd = fd;
	c->in = malloc(512);
	s->clients[s->n] = c;
	s->fds[s->n].fd = fd;
	s->fds[s->n].events = POLLIN;
	s->n++;
}

static void server_forget(struct server *s, int i)
{
	s->n--;
	s->clients[i] = s->clients[s->n];
	s->fds[i] = s->fds[s->n];
}

static void client_free(struct client *c)
{
	close(c->fd);
	free(c->in);
	free(c);
}

static void client_hangup(struct server *s, int i) /* <<< */
{
	struct client *c = s->clients[i];

	server_forget(s, i);
#ifdef FAULT
	close(c->fd);
#else
	client_free(c);
#endif
} /* >>> */

static int client_readable(struct server *s, int i)
{
	struct client *c = s->clients[i];
	ssize_t n = read(c->fd, c->in + c->have, 512 - c->have);

	if (n <= 0)
		return -1;
	c->have += (size_t)n;
	c->seen++;
	if (memchr(c->in, 'q', c->have)) {
		server_forget(s, i);
		client_free(c);
	}
	return 0;
}

static void server_turn(struct server *s)
{
	if (poll(s->fds, (nfds_t)s->n, 0) <= 0)
		return;
	for (int i = s->n - 1; i >= 0; i--) {
		if (s->fds[i].revents & POLLIN) {
			if (client_readable(s, i) < 0)
				client_hangup(s, i);
		} else if (s->fds[i].revents & (POLLHUP | POLLERR)) {
			client_hangup(s, i);
		}
	}
}

int main(void)
{
	struct server s = { .n = 0 };
	int served = 0;

	for (int i = 0; i < 60; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
			return 1;
		server_add(&s, pair[0]);
		if (i % 6 == 2) {
			close(pair[1]);
			server_turn(&s);
			continue;
		}
		if (write(pair[1], "hello", 5) != 5)
			return 2;
		server_turn(&s);
		if (write(pair[1], "quit", 4) != 4)
			return 2;
		server_turn(&s);
		close(pair[1]);
		served++;
	}
	while (s.n)
		client_hangup(&s, s.n - 1);
	printf("%d\n", served);
	return 0;
}
