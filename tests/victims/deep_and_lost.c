/* SPDX-License-Identifier: MIT */
/* Thousands of stacks deeper than what is kept, whose blocks are all freed. argv: "near" loses one at the surface, "deep" one
 * at the bottom. */
#include <stdlib.h>
#include <string.h>

static const char *what;

__attribute__((noinline)) static void lose(void) { *(char *volatile)malloc(7) = 1; }
__attribute__((noinline)) static void down(int n)
{
	volatile int hold = n;

	if (n)
		down(n - 1);
	else if (!strcmp(what, "deep"))
		lose();
	if (hold < 200)
		free(malloc(30));
}

__attribute__((noinline)) static void wipe(void)
{
	volatile char room[65536];

	memset((void *)room, 0, sizeof room);
}

int main(int argc, char **argv)
{
	what = argc > 1 ? argv[1] : "";
	down(3000);
	if (!strcmp(what, "near"))
		lose();
	wipe();
	return 0;
}
