/* SPDX-License-Identifier: MIT */
/* answer: cycle; in element_append; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>

typedef struct element {
	int refs;
	struct element *parent, *first, *next;
} element;

static element *element_new(void)
{
	element *e = calloc(1, sizeof(*e));

	e->refs = 1;
	return e;
}

static element *element_ref(element *e)
{
	e->refs++;
	return e;
}

static void element_unref(element *e)
{
	if (!e || --e->refs)
		return;
	for (element *c = e->first, *next; c; c = next) {
		next = c->next;
		element_unref(c);
	}
#ifdef FAULT
	element_unref(e->parent);
#endif
	free(e);
}

static void element_append(element *parent, element *child)
{
#ifdef FAULT
	child->parent = element_ref(parent); /* <<< */
#else
	child->parent = parent;
#endif
	child->next = parent->first;
	parent->first = child; /* >>> */
}

int main(void)
{
	for (int i = 0; i < 8; i++) {
		element *root = element_new();

		for (int k = 0; k < 3; k++)
			element_append(root, element_new());
		element_unref(root);
	}
	puts("done");
	return 0;
}
