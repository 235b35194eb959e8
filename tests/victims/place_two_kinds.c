/* SPDX-License-Identifier: MIT */
/* Sessions that end unseen, and packets that come to lie where those were; argv[1] "wrong": a session is given to packet_free. */
#include <stdlib.h>

__attribute__((noinline)) void *session_new(void) { return malloc(100); }
__attribute__((noinline)) void session_free(void *s) { free(s); }
__attribute__((noinline)) void session_end(void *s) { free(s); } /* no probe file names it */
__attribute__((noinline)) void *packet_new(void) { return malloc(100); }
__attribute__((noinline)) void packet_free(void *p) { free(p); }

int main(int argc, char **argv)
{
	if (argc > 1) packet_free(session_new());
	for (int i = 0; i < 20000; i++) {
		session_end(session_new());
		packet_free(packet_new());
	}
	return 0;
}
