/* SPDX-License-Identifier: MIT */
/* Makes four evbuffers and frees three. */
#include <event2/buffer.h>
#include <string.h>

static struct evbuffer *make(void)
{
	return evbuffer_new();
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 4; i++) {
		struct evbuffer *buffer = make();
		evbuffer_add(buffer, "x", 1);
		if (i || (argc > 1 && !strcmp(argv[1], "clean")))
			evbuffer_free(buffer);
	}
	return 0;
}
