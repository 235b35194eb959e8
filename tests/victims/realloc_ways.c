/* SPDX-License-Identifier: MIT */
/* Leaks three blocks that went through realloc: shrunk to 11 bytes, grown to 2,000,000, and one of
 * 333 whose realloc failed. A good report has those three sizes and nothing else. */
#include "victim.h"

static void shrunk(void)
{
	keep(realloc(malloc(5000), 11));
}

static void grown(void)
{
	char *p = 0;

	for (size_t size = 1; size <= 2000000; size = size < 2000000 / 3 ? size * 3 : size + 1000000)
		p = realloc(p, size);
	keep(realloc(p, 2000000));
}

static int failed(void)
{
	void *volatile p = malloc(333); /* volatile: gcc may not know that it is used again */
	volatile size_t too_much = PTRDIFF_MAX;
	void *q = realloc(p, too_much);

	keep(p);
	return q || errno != ENOMEM;
}

int main(void)
{
	shrunk();
	grown();
	return failed();
}
