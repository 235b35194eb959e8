/* SPDX-License-Identifier: MIT */
/* Becomes a daemon, which closes every descriptor, leaks 10 blocks, writes its pid into argv[1]
 * and ends. A good report has the daemon's 10 in a trace of its own. */
#include "victim.h"

static void leak_as_daemon(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

int main(int argc, char **argv)
{
	if (argc < 2 || daemon(1, 0))
		return 2;
	for (int fd = 0; fd < 1024; fd++)
		close(fd);
	leak_as_daemon();
	FILE *note = fopen(argv[1], "w");

	fprintf(note, "%d\n", getpid());
	fclose(note);
	return 0;
}
