/* SPDX-License-Identifier: MIT */
/* Loses ten small blocks, with "1" each with a large one that hangs on it. */
#include <stdlib.h>
#include <string.h>

static char *body(void)
{
	return memset(malloc(10000), 'x', 10000);
}

static char **head(void)
{
	return calloc(1, 16);
}

static __attribute__((noinline)) void request(int is_large)
{
	char **small = head();

	if (is_large)
		*small = body();
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 10; i++)
		request(argc > 1 && *argv[1] == '1');
	return 0;
}
