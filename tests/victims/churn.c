/* SPDX-License-Identifier: MIT */
/* Makes and frees argv[1] blocks, at most 100 alive at once, from 8 sites; leaks none of them. */
#include "victim.h"

#define LIVE 100

static void *one(unsigned site, size_t size)
{
	return site & 1 ? site & 2 ? malloc(size) : calloc(1, size)
			: site & 2 ? malloc(size + 1) : malloc(size + 2);
}

int main(int argc, char **argv)
{
	void *slot[LIVE] = {0};
	long pairs = argc > 1 ? atol(argv[1]) : 1000;

	for (long i = 0; i < pairs; i++) {
		free(slot[i % LIVE]);
		slot[i % LIVE] = one((unsigned)i, 16 + (size_t)i % 500);
	}
	for (int i = 0; i < LIVE; i++)
		free(slot[i]);
	return 0;
}
