/* SPDX-License-Identifier: MIT */
/* answer: error-path|extra-retain; in handle_request; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session {
	int refs;
	unsigned id;
	char *user;
	int expired;
	struct session *next;
};

struct registry {
	struct session *head;
	unsigned last;
};

static struct session *session_get(struct session *s)
{
	s->refs++;
	return s;
}

static void session_put(struct session *s)
{
	if (--s->refs)
		return;
	free(s->user);
	free(s);
}

static unsigned registry_login(struct registry *r, const char *user)
{
	struct session *s = calloc(1, sizeof(*s));

	s->refs = 1;
	s->id = ++r->last;
	s->user = strdup(user);
	s->next = r->head;
	r->head = s;
	return s->id;
}

static struct session *registry_find(struct registry *r, unsigned id)
{
	for (struct session *s = r->head; s; s = s->next)
		if (s->id == id)
			return session_get(s);
	return NULL;
}

static void registry_logout(struct registry *r, unsigned id)
{
	for (struct session **at = &r->head; *at; at = &(*at)->next)
		if ((*at)->id == id) {
			struct session *s = *at;

			*at = s->next;
			session_put(s);
			return;
		}
}

static int handle_request(struct registry *r, unsigned id, const char *path)
{
	struct session *s = registry_find(r, id);
	int status = 200;

	if (!s)
		return 401;
	if (!strncmp(path, "/admin", 6) && strcmp(s->user, "root")) { /* <<< */
#ifndef FAULT
		session_put(s);
#endif
		return 403;
	} /* >>> */
	if (!*path)
		status = 404;
	session_put(s);
	return status;
}

int main(void)
{
	static const char *const paths[] = { "/", "/index", "", "/admin/users", "/news" };
	struct registry r = { NULL, 0 };
	int sum = 0;

	for (int i = 0; i < 30; i++) {
		unsigned id = registry_login(&r, i % 3 ? "guest" : "root");

		for (int k = 0; k < 3; k++)
			sum += handle_request(&r, id, paths[(i + k) % 5]);
		registry_logout(&r, id);
	}
	printf("%d\n", sum);
	return 0;
}
