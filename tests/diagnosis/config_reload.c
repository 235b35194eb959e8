/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in config_set; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config {
	char *host;
	int port;
};

static void config_set(struct config *c, const char *host, int port)
{
#ifndef FAULT
	free(c->host);
#endif
	c->host = strdup(host); /* <<< >>> */
	c->port = port;
}

static void config_clear(struct config *c)
{
	free(c->host);
	c->host = NULL;
}

int main(void)
{
	struct config c = { NULL, 0 };
	char name[32];

	for (int i = 0; i < 6; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		config_set(&c, name, 80 + i);
	}
	printf("%s %d\n", c.host, c.port);
	config_clear(&c);
	return 0;
}
