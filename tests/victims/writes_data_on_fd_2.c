/* SPDX-License-Identifier: MIT */
/* Closes standard error, opens a data file that gets its number, and leaks 10 blocks. No report and no
 * message may ever be written into that file. */
#include <fcntl.h>
#include "victim.h"

static void leak(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

int main(int argc, char **argv)
{
	close(2);
	int fd = argc > 1 ? open(argv[1], O_CREAT | O_RDWR, 0600) : -1;

	leak();
	if (argc > 2)
		raise(SIGUSR1), usleep(300000);
	return fd == 2 && write(fd, "data\n", 5) == 5 ? 0 : 1;
}
