/* SPDX-License-Identifier: MIT */
/* A table of sessions, each with a chain of others and a buffer at its end. */
#include <stdlib.h>

struct session {
	long id;
	struct { int flags; struct session *next; } links;
	char *buffer;
};

static struct { int count; struct session *open[4]; } registry;

static char *make_buffer(void)
{
	return calloc(1, 777);
}

int main(void)
{
	struct session **last = &registry.open[2];

	for (int i = 0; i < 3; i++) {
		*last = calloc(1, sizeof **last);
		if (i == 2) (*last)->buffer = make_buffer();
		last = &(*last)->links.next;
	}
	return 0;
}
