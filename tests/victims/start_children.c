/* SPDX-License-Identifier: MIT */
/* Leaks 10 blocks, then starts a child the way argv[1] says, then leaks 5 more. A good report
 * has 15 for this process, whatever the child did. */
#include "victim.h"
#include "children.h"

static void leak(int count)
{
	for (int i = 0; i < count; i++)
		keep(malloc(100));
}

int main(int argc, char **argv)
{
	leak(10);
	int status = argc > 1 ? start_child(argv[1]) : 2;

	leak(5);
	return status;
}
