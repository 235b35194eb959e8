/* SPDX-License-Identifier: MIT */
/* Leaks 10 blocks of 100 bytes in few() and 10,000 of 50 bytes in many(), then ends as argv[1]
 * says. A good report counts both exactly and names the end. */
#include "victim.h"

static void few(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

static void many(void)
{
	for (int i = 0; i < 10000; i++)
		keep(malloc(50));
}

int main(int argc, char **argv)
{
	few();
	many();
	forget();
	return end(argc > 1 ? argv[1] : "return", argv);
}
