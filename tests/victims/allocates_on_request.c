/* SPDX-License-Identifier: MIT */
/* A line "keep" keeps 100 blocks more, "drop" frees them all. A good report counts those kept at a level that follows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *kept[10000];

static __attribute__((noinline)) void keep_some(int from)
{
	for (int i = from; i < from + 100; i++)
		kept[i] = malloc(1000);
}

int main(void)
{
	char line[16];
	int n = 0;

	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "keep\n"))
			keep_some(n), n += 100;
		else
			while (n)
				free(kept[--n]);
		puts("done"), fflush(stdout);
	}
	return 0;
}
