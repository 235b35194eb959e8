/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in session_close; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session {
	int id;
	char *user;
	struct session *next;
};

static struct session *sessions;

static struct session *session_open(int id, const char *user)
{
	struct session *s = calloc(1, sizeof(*s));

	s->id = id;
	s->user = strdup(user);
	s->next = sessions;
	sessions = s;
	return s;
}

static void session_close(int id)
{
	for (struct session **at = &sessions; *at; at = &(*at)->next) {
		struct session *s = *at;

		if (s->id != id)
			continue;
		*at = s->next;
#ifndef FAULT
		free(s->user);
#endif
		free(s); /* <<< */
		return; /* >>> */
	}
}

int main(void)
{
	char user[24];

	for (int i = 0; i < 40; i++) {
		snprintf(user, sizeof(user), "user%d", i);
		session_open(i, user);
		if (i > 3)
			session_close(i - 3);
	}
	while (sessions)
		session_close(sessions->id);
	puts("done");
	return 0;
}
