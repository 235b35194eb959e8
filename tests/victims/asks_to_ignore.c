/* SPDX-License-Identifier: MIT */
/* Loses 5 blocks of 100 bytes and asks to ignore 3 of 50. A good report counts only the 5. */
#include "leakshim.h"
#include "victim.h"

static __attribute__((noinline)) void lose(size_t size, int is_meant)
{
	char *block = malloc(size);

	block[0] = 1;
	if (is_meant)
		leakshim_mark_ignored(block);
	keep(block);
}

int main(void)
{
	for (int i = 0; i < 5; i++)
		lose(100, 0);
	for (int i = 0; i < 3; i++)
		lose(50, 1);
	forget();
	return 0;
}
