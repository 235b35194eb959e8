/* SPDX-License-Identifier: MIT */
/* The parent leaks 10 blocks before a fork and 1 after it, the child 7 and frees one that it
 * inherited. A good report has two traces: 11 of the parent's, 7 of the child's. */
#include "victim.h"

static void leak_before(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

static void leak_in_child(void)
{
	free(last_kept());
	for (int i = 0; i < 7; i++)
		keep(malloc(70));
}

int main(int argc, char **argv)
{
	leak_before();
	if (fork() == 0) {
		leak_in_child();
		return end(argc > 1 ? argv[1] : "exit", argv);
	}
	wait(0);
	keep(malloc(1));
	return 0;
}
