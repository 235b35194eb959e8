/* SPDX-License-Identifier: MIT */
/* answer: overwritten|realloc; in push; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>

struct stack { int *items; int used, room; };

static int grow(int *items, int room)
{
	int *more = realloc(items, (size_t)room * sizeof(int));

	if (!more)
		return -1;
	more[room - 1] = 0;
	return room;
}

static int push(struct stack *s, int v)
{
	if (s->used == s->room) {
#ifdef FAULT
		int *more = malloc((size_t)s->room * 2 * sizeof(int)); /* <<< */
		for (int i = 0; i < s->used; i++)
			more[i] = s->items[i];
		s->items = more;
		s->room *= 2; /* >>> */
#else
		int *more = realloc(s->items, (size_t)s->room * 2 * sizeof(int));
		if (!more)
			return -1;
		s->items = more;
		s->room *= 2;
#endif
	}
	s->items[s->used++] = v;
	return 0;
}

int main(void)
{
	struct stack s = { malloc(4 * sizeof(int)), 0, 4 };

	for (int i = 0; i < 100; i++)
		push(&s, i);
	printf("%d\n", s.items[99]);
	free(s.items);
	(void)grow;
	return 0;
}
