/* SPDX-License-Identifier: MIT */
/* Takes in orphans, asks for a look at argv[1] blocks, and executes itself while that lasts. Then it prints how many children it has
 * that it did not make. */
#include <sys/prctl.h>
#include "victim.h"

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 0;
	int met = 0;

	if (!n) {
		usleep(300000);
		while (waitpid(-1, 0, 0) > 0)
			met++;
		printf("met %d, errno %d\n", met, errno);
		return 0;
	}
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (long i = 0; i < n; i++)
		keep(malloc(20));
	raise(SIGUSR1);
	usleep(100000);
	execl(argv[0], argv[0], (char *)0);
	return 1;
}
