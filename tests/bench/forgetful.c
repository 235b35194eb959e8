/* SPDX-License-Identifier: MIT */
/*
 * Preloaded into a server, it makes a block at each read from a socket, and forgets every 64th: a leak in a busy place, and
 * siblings that are released.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static __thread unsigned count;
static __thread void *volatile last;

static __attribute__((noinline)) void note_request(size_t size)
{
	char *volatile note = malloc(64 + size % 64);

	if (note)
		note[0] = 1;
	last = note;
	if (++count % 64)
		free(last);
	last = NULL;
}

ssize_t read(int fd, void *to, size_t size)
{
	static ssize_t (*next)(int, void *, size_t);

	if (!next)
		next = (ssize_t (*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
	note_request(size);
	return next(fd, to, size);
}

ssize_t recv(int fd, void *to, size_t size, int flags)
{
	static ssize_t (*next)(int, void *, size_t, int);

	if (!next)
		next = (ssize_t (*)(int, void *, size_t, int))dlsym(RTLD_NEXT, "recv");
	note_request(size);
	return next(fd, to, size, flags);
}
