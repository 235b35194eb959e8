/* SPDX-License-Identifier: MIT */
/* Keeps a reference of three GBytes: each has count 1, a retain and a release. `clean` lets go. */
#include <glib.h>
#include <string.h>

static GBytes *make(void)
{
	return g_bytes_new("payload", 7);
}

static void queue_push(GBytes *bytes)
{
	g_bytes_ref(bytes);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		GBytes *bytes = make();
		queue_push(bytes);
		if (argc > 1 && !strcmp(argv[1], "clean"))
			g_bytes_unref(bytes);
		g_bytes_unref(bytes);
	}
	return 0;
}
