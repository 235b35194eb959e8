/* SPDX-License-Identifier: MIT */
/* Packets with a count of their own: a queue takes a reference and, on its error path, forgets it.
 * `queue clean` lets go there too; `queue twice` releases once too often; other words: see test_api.py. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "leakshim.h"

struct packet {
	int count;
	char payload[60];
};

static struct packet *packet_new(void)
{
	struct packet *p = calloc(1, sizeof *p);

	p->count = 1;
	leakshim_track(p, "packet", sizeof *p);
	return p;
}

static void packet_retain(struct packet *p)
{
	p->count++;
	leakshim_retain(p);
}

static void packet_release(struct packet *p)
{
	leakshim_release(p);
	if (--p->count == 0)
		free(p);
}

static void queue_push(struct packet *p, int is_full, int clean)
{
	packet_retain(p);
	leakshim_touch(p, is_full ? "the queue is full" : "queued");
	if (is_full && !clean)
		return; /* the reference is forgotten here */
	packet_release(p);
}

static void queue_use(int clean)
{
	leakshim_scope_begin("parse");
	for (int i = 0; i < 10; i++) {
		struct packet *p = packet_new();

		queue_push(p, i % 5 == 4, clean);
		packet_release(p);
	}
	leakshim_scope_end();
}

static void *in_thread(void *unused)
{
	leakshim_scope_begin("thread");
	leakshim_scope_begin("inner");
	memset(malloc(111), 1, 111);
	leakshim_scope_end();
	memset(malloc(222), 1, 222);
	leakshim_scope_end();
	leakshim_scope_end(); /* one too many harms nothing */
	memset(malloc(333), 1, 333);
	return unused;
}

static void scopes(void)
{
	pthread_t id;

	leakshim_scope_begin("main");
	if (!pthread_create(&id, 0, in_thread, 0))
		pthread_join(id, 0);
	memset(malloc(444), 1, 444);
	if (fork() == 0) {
		memset(malloc(555), 1, 555); /* outside of any scope */
		exit(0);
	}
	wait(0);
	leakshim_scope_end();
}

static void many(void)
{
	struct packet *p = packet_new();
	char name[40];

	for (int i = 0; i < 1000000; i++) {
		snprintf(name, sizeof name, "%d", i);
		leakshim_touch(p, name);
		packet_retain(p);
		packet_release(p);
		if (i % 100 == 0) {
			leakshim_scope_begin(name);
			leakshim_scope_end();
		}
	}
}

static void hostile(void)
{
	char name[600] = "\033[2J<b>\xe2\x82\xac";
	struct packet *p = packet_new();

	memset(name + 10, 'x', sizeof name - 11);
	memcpy(name + 253, "\xe2\x82\xac", 3); /* would be cut in the middle */
	leakshim_touch(p, name);
	leakshim_scope_begin("\033]0;scope\007");
	leakshim_track(malloc(7), "\033[31mtype", 7);
	leakshim_scope_end();
}

static struct packet *of_handler;

static void handler(int number)
{
	(void)number;
	leakshim_touch(of_handler, "in a handler");
}

static void signals(void)
{
	of_handler = packet_new();
	signal(SIGALRM, handler);
	for (int i = 0; i < 200; i++) {
		ualarm(300, 0);
		for (int k = 0; k < 3000; k++) {
			leakshim_touch(of_handler, "outside");
			free(malloc(30));
		}
	}
	packet_release(of_handler);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	errno = 77;
	if (!strcmp(what, "twice")) {
		struct packet *p = packet_new();

		leakshim_release(p);
		leakshim_release(p);
		free(p);
	} else if (!strcmp(what, "held")) {
		struct packet *p = packet_new();

		packet_retain(p);
		free(p);
	} else if (!strcmp(what, "scopes")) {
		scopes();
	} else if (!strcmp(what, "many")) {
		many();
	} else if (!strcmp(what, "hostile")) {
		hostile();
	} else if (!strcmp(what, "signals")) {
		signals();
	} else {
		queue_use(!strcmp(what, "clean"));
		if (errno != 77)
			return 3;
	}
	return 0;
}
