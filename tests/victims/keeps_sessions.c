/* SPDX-License-Identifier: MIT */
/*
 * A server with sessions of some milliseconds, until it is killed. "forgets": one of eight stays in the table for ever;
 * "closes": all are closed; "fills": the first hundred of eight each stay, as in a cache, and no more; "tidies": forgets for
 * some seconds, and lets everything go before it ends.
 */
#include "victim.h"

struct table {
	unsigned long count;
	void *slots[60000];
};
static struct table *sessions;

static __attribute__((noinline)) struct table *table_make(void)
{
	return calloc(1, sizeof(*sessions));
}

static __attribute__((noinline)) void *session_open(void)
{
	return malloc(1000);
}

static __attribute__((noinline)) void session_close(void *session)
{
	free(session);
}

int main(int argc, char **argv)
{
	unsigned long most = argc < 2 || !strcmp(argv[1], "closes") ? 0 : !strcmp(argv[1], "fills") ? 100 : 60000;
	int tidies = argc > 1 && !strcmp(argv[1], "tidies");

	puts("ready"), fflush(stdout);
	sessions = table_make();
	for (unsigned long i = 0; i < (tidies ? 2600ul : 400000ul); i++) {
		void *session = session_open();

		if (most != 100 || sessions->count == most)
			usleep(1000);
		if (i % 8 == 0 && sessions->count < most)
			sessions->slots[sessions->count++] = session;
		else
			session_close(session);
	}
	for (unsigned long i = 0; i < sessions->count; i++)
		session_close(sessions->slots[i]);
	free(sessions);
	return 0;
}
