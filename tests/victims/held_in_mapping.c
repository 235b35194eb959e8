/* SPDX-License-Identifier: MIT */
/* A block held only in a mapping of the program's own (argv[1]), or "lost" (argv[2]). */
#include "holder.h"

static void *map(int flags, int fd)
{
	return mmap(0, 1 << 16, PROT_READ | PROT_WRITE, flags, fd, 0);
}

int main(int argc, char **argv)
{
	const char *way = argv[1];
	char name[] = "/tmp/held-XXXXXX", **at = 0;

	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	keep(malloc(300000)); /* mapped by malloc: neighbours of the program's mappings */
	if (!strcmp(way, "anonymous")) at = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (!strcmp(way, "shared")) at = map(MAP_SHARED | MAP_ANONYMOUS, -1);
	if (!strcmp(way, "file")) {
		int fd = mkstemp(name);

		unlink(name);
		at = ftruncate(fd, 4096) ? 0 : map(MAP_SHARED, fd); /* most of it lies beyond the end */
	}
	if (!strcmp(way, "read-only")) at = map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
	keep(malloc(300000));
	hold(&at[100], 0);
	if (!strcmp(way, "read-only")) mprotect(at, 1 << 16, PROT_READ);
	at = 0;
	return 0;
}
