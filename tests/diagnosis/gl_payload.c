/* SPDX-License-Identifier: MIT */
/* answer: extra-retain|error-path; in message_send; at the lines between the marks; build: glib-2.0 */
#include <glib.h>

typedef struct {
	GBytes *body;
	int tries;
} Message;

static gsize sent;

static Message *message_new(GBytes *body)
{
	Message *m = g_new0(Message, 1);

	m->body = g_bytes_ref(body);
	return m;
}

static void message_free(Message *m)
{
	g_bytes_unref(m->body);
	g_free(m);
}

static gboolean message_send(Message *m)
{
	GBytes *body = g_bytes_ref(m->body);

	if (g_bytes_get_size(body) > 40) {
#ifndef FAULT
		g_bytes_unref(body);
#endif
		m->tries++; /* <<< */
		return FALSE; /* >>> */
	}
	sent += g_bytes_get_size(body);
	g_bytes_unref(body);
	return TRUE;
}

int main(void)
{
	char data[64] = { 0 };

	for (int i = 0; i < 30; i++) {
		GBytes *b = g_bytes_new(data, i % 10 == 4 ? 60 : 20);
		Message *m = message_new(b);

		g_bytes_unref(b);
		message_send(m);
		message_free(m);
	}
	g_print("%zu\n", (size_t)sent);
	return 0;
}
