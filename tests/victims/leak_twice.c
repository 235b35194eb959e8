/* SPDX-License-Identifier: MIT */
/* Loses as many blocks as the argument says, from one line. */
#include <stdlib.h>

static __attribute__((noinline)) void lose(void)
{
	*(volatile char *)malloc(100) = 1;
}

int main(int argc, char **argv)
{
	for (int i = argc > 1 ? atoi(argv[1]) : 0; i > 0; i--)
		lose();
	return 0;
}
