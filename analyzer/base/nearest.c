/* SPDX-License-Identifier: MIT */
/* Which right word somebody most likely meant: see nearest.h. */
#include <string.h>

#include "nearest.h"

#define LENGTH_MAX 40

/* Letters to add, drop, change or swap with their neighbour to make b of a. */
static unsigned distance(const char *a, const char *b)
{
	unsigned rows[3][LENGTH_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t la = strlen(a), lb = strlen(b);

	if (la > LENGTH_MAX || lb > LENGTH_MAX)
		return 2 * LENGTH_MAX;
	for (size_t k = 0; k <= lb; k++)
		last[k] = (unsigned)k;
	for (size_t i = 1; i <= la; i++) {
		now[0] = (unsigned)i;
		for (size_t k = 1; k <= lb; k++) {
			unsigned change = last[k - 1] + (a[i - 1] != b[k - 1]);

			now[k] = last[k] + 1 < now[k - 1] + 1 ? last[k] + 1 : now[k - 1] + 1;
			if (change < now[k])
				now[k] = change;
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
			    before[k - 2] + 1 < now[k])
				now[k] = before[k - 2] + 1;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[lb];
}

const char *nearest(const char *word, const char *const *list)
{
	const char *best = NULL;
	unsigned least = 0;

	for (; *list; list++) {
		unsigned d = distance(word, *list);

		/* The beginning of a word counts as near as well. */
		if (strlen(word) >= 2 && !strncmp(word, *list, strlen(word)))
			d = 1;
		if (d <= strlen(*list) / 2 && (!best || d < least)) {
			best = *list;
			least = d;
		}
	}
	return best;
}
