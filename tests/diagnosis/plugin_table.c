/* SPDX-License-Identifier: MIT */
/* answer: error-path; in plugin_add; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plugin { char name[20]; void *data; int (*init)(struct plugin *); void (*done)(struct plugin *); };
static struct plugin *plugins[16];
static int plugin_count;

static int good_init(struct plugin *p)
{
	p->data = calloc(1, 40);
	return 0;
}

static void good_done(struct plugin *p)
{
	free(p->data);
}

static int bad_init(struct plugin *p)
{
	p->data = NULL;
	return -1;
}

static int plugin_add(const char *name, int (*init)(struct plugin *))
{
	struct plugin *p = calloc(1, sizeof(*p));

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->init = init;
	p->done = good_done;
	if (p->init(p)) {
		fprintf(stderr, "%s: cannot start\n", name); /* <<< */
#ifndef FAULT
		free(p);
#endif
		return -1; /* >>> */
	}
	plugins[plugin_count++] = p;
	return 0;
}

int main(void)
{
	int failed = 0;

	for (int i = 0; i < 9; i++)
		failed -= plugin_add("x", i % 3 == 1 ? bad_init : good_init);
	while (plugin_count) {
		struct plugin *p = plugins[--plugin_count];

		p->done(p);
		free(p);
	}
	printf("%d\n", failed);
	return 0;
}
