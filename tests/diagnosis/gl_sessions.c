/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in session_end; at the lines between the marks; build: glib-2.0 */
/* Sessions by their number, in a table that ends them. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct session {
	unsigned number, words;
	char *user, *shown;
};

static void session_end(void *it)
{
	struct session *s = it;

	printf("%u of %s ends, %u words\n", s->number, s->user, s->words);
	free(s->user); /* <<< */
#ifndef FAULT
	free(s->shown);
#endif
	free(s); /* >>> */
}

static struct session *session_begin(unsigned number, const char *user)
{
	struct session *s = calloc(1, sizeof(*s));

	s->number = number;
	s->user = strdup(user);
	s->shown = malloc(strlen(user) + 16);
	sprintf(s->shown, "%s#%u", user, number);
	return s;
}

static void say(struct session *s, const char *text)
{
	s->words++;
	printf("%s: %s\n", s->shown, text);
}

int main(void)
{
	static const char *const users[] = { "ada", "grace", "edsger" };
	GHashTable *sessions = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, session_end);

	for (unsigned i = 1; i <= 30; i++) {
		g_hash_table_insert(sessions, GUINT_TO_POINTER(i), session_begin(i, users[i % 3]));
		say(g_hash_table_lookup(sessions, GUINT_TO_POINTER(i)), "hello");
		if (i > 4)
			g_hash_table_remove(sessions, GUINT_TO_POINTER(i - 4));
	}
	g_hash_table_destroy(sessions);
	return 0;
}
