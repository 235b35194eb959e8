/* SPDX-License-Identifier: MIT */
/* Three blocks held in the midst and at the end of one of a gigabyte, or "lost" (argv[2]). */
#include "holder.h"

#define WORDS (1ul << 27)

int main(int argc, char **argv)
{
	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	static void **sparse;
	sparse = malloc(WORDS * sizeof *sparse);
	if (!sparse) return 1;
	hold(&sparse[WORDS / 3], 0);
	hold(&sparse[WORDS / 2], 0);
	hold(&sparse[WORDS - 1], 0);
	(void)argv;
	return 0;
}
