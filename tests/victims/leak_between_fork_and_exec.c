/* SPDX-License-Identifier: MIT */
/* A child allocates between fork and exec of /bin/true, as shells and make do. A good report
 * has 10 blocks for the parent and says that the child was replaced by exec. */
#include "victim.h"

static void leak_before(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

int main(void)
{
	leak_before();
	if (fork() == 0) {
		keep(malloc(70));
		keep(strdup("between"));
		execl("/bin/true", "true", (char *)0);
		_exit(9);
	}
	int status = 0;

	wait(&status);
	return WEXITSTATUS(status);
}
