/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in arena_free; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>

struct chunk { struct chunk *next; size_t used; char data[200]; };
struct arena { struct chunk *first; };

static void *arena_take(struct arena *a, size_t n)
{
	if (!a->first || a->first->used + n > sizeof(a->first->data)) {
		struct chunk *c = malloc(sizeof(*c));

		c->next = a->first;
		c->used = 0;
		a->first = c;
	}
	a->first->used += n;
	return a->first->data + a->first->used - n;
}

static struct arena *arena_new(void)
{
	return calloc(1, sizeof(struct arena));
}

static void arena_free(struct arena *a)
{
#ifdef FAULT
	free(a->first); /* <<< */
#else
	for (struct chunk *c = a->first, *next; c; c = next) {
		next = c->next;
		free(c);
	}
#endif
	free(a); /* >>> */
}

int main(void)
{
	long sum = 0;

	for (int i = 0; i < 5; i++) {
		struct arena *a = arena_new();

		for (int k = 0; k < 30; k++) {
			int *p = arena_take(a, 40);

			*p = k;
			sum += *p;
		}
		arena_free(a);
	}
	printf("%ld\n", sum);
	return 0;
}
