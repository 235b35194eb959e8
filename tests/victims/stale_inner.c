/* SPDX-License-Identifier: MIT */
/* Twenty lost structures of two blocks, and after each a lost buffer in memory where inner pointers to what others lead to were left behind.
 * argv: "cycle", "pair", or "only": the second one is held by an inner pointer of the first alone, and nothing is stale. */
#include <stdlib.h>
#include <string.h>

struct node { void *other; char pad[56]; char name[32]; };

static const char *what;

__attribute__((noinline)) static void structure(void **stale)
{
	struct node *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);

	a->other = strcmp(what, "only") ? (void *)b : b->name;
	b->other = strcmp(what, "cycle") ? 0 : a;
	if (!strcmp(what, "cycle"))
		stale[4] = a->name;
	if (strcmp(what, "only"))
		stale[5] = b->name;
}

__attribute__((noinline)) static void buffer(void)
{
	char *volatile p = malloc(96);

	strcpy(p, "hello");
}

__attribute__((noinline)) static void wipe(void)
{
	volatile char room[8192];

	memset((void *)room, 0, sizeof room);
}

int main(int argc, char **argv)
{
	what = argc > 1 ? argv[1] : "cycle";
	for (int i = 0; i < 20; i++) {
		void **stale = calloc(1, 96);

		structure(stale);
		free(stale);
		buffer();
	}
	wipe();
	return 0;
}
