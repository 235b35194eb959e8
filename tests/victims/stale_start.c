/* SPDX-License-Identifier: MIT */
/* A lost session, and later a lost buffer in whose memory a pointer to the session's start was left behind. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

__attribute__((noinline)) static void session(void **t)
{
	void *p = malloc(200);

	memset(p, 7, 200);
	t[5] = p;
}

__attribute__((noinline)) static void buffer(void)
{
	char *volatile p = malloc(96);

	strcpy(p, "x");
}

int main(void)
{
	void **t = calloc(1, 96);
	volatile char room[4096];

	session(t);
	free(t);
	nanosleep(&(struct timespec){0, 20000000}, 0);
	buffer();
	memset((void *)room, 0, sizeof room);
	return 0;
}
