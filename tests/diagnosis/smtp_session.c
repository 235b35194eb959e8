/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in envelope_reset; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rcpt {
	struct rcpt *next;
	char addr[40];
};

struct envelope {
	char *from;
	struct rcpt *to;
	int nrcpt;
};

struct session {
	int id;
	struct envelope *env;
	unsigned delivered;
};

static struct envelope *envelope_new(const char *from)
{
	struct envelope *e = calloc(1, sizeof(*e));
	e->from = strdup(from);
	return e;
}

static void rcpts_free(struct rcpt *r)
{
	while (r) {
		struct rcpt *next = r->next;
		free(r);
		r = next;
	}
}

static void envelope_add(struct envelope *e, const char *addr)
{
	struct rcpt *r = malloc(sizeof(*r));
	snprintf(r->addr, sizeof(r->addr), "%s", addr);
	r->next = e->to;
	e->to = r;
	e->nrcpt++;
}

static void envelope_deliver(struct session *s)
{
	struct envelope *e = s->env;
	for (struct rcpt *r = e->to; r; r = r->next)
		s->delivered += strlen(r->addr);
	rcpts_free(e->to);
	free(e->from);
	free(e);
	s->env = NULL;
}

static void envelope_reset(struct session *s)
{
	if (!s->env)
		return;
	free(s->env->from); /* <<< */
#ifndef FAULT
	rcpts_free(s->env->to);
#endif
	free(s->env);
	s->env = NULL; /* >>> */
}

static void command(struct session *s, const char *line)
{
	if (!strncmp(line, "MAIL ", 5)) {
		envelope_reset(s);
		s->env = envelope_new(line + 5);
	} else if (!strncmp(line, "RCPT ", 5) && s->env) {
		envelope_add(s->env, line + 5);
	} else if (!strcmp(line, "DATA") && s->env) {
		envelope_deliver(s);
	} else if (!strcmp(line, "RSET")) {
		envelope_reset(s);
	}
}

int main(void)
{
	unsigned sum = 0;
	for (int i = 0; i < 60; i++) {
		struct session s = { i, NULL, 0 };
		char line[64];
		snprintf(line, sizeof(line), "MAIL user%d@example.org", i);
		command(&s, line);
		for (int k = 0; k < i % 4 + 1; k++) {
			snprintf(line, sizeof(line), "RCPT dest%d@example.net", k);
			command(&s, line);
		}
		command(&s, i % 7 == 5 ? "RSET" : "DATA");
		command(&s, "QUIT");
		sum += s.delivered;
	}
	printf("%u\n", sum);
	return 0;
}
