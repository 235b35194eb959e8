/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in list_remove; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node { struct node *next; char *label; int weight; };
struct list { struct node *head; int size; };

static void list_add(struct list *l, const char *label, int weight)
{
	struct node *n = malloc(sizeof(*n));

	n->label = strdup(label);
	n->weight = weight;
	n->next = l->head;
	l->head = n;
	l->size++;
}

static void node_free(struct node *n)
{
	free(n->label);
	free(n);
}

static int list_remove(struct list *l, int weight)
{
	struct node **link = &l->head;

	while (*link) {
		struct node *n = *link;

		if (n->weight == weight) {
			*link = n->next;
			l->size--;
#ifdef FAULT
			free(n); /* <<< */
#else
			node_free(n);
#endif
			return 1; /* >>> */
		}
		link = &n->next;
	}
	return 0;
}

static void list_clear(struct list *l)
{
	while (l->head) {
		struct node *n = l->head;

		l->head = n->next;
		node_free(n);
	}
}

int main(void)
{
	struct list l = { NULL, 0 };
	int removed = 0;

	for (int i = 0; i < 30; i++)
		list_add(&l, "label", i);
	for (int i = 0; i < 30; i += 3)
		removed += list_remove(&l, i);
	printf("%d %d\n", removed, l.size);
	list_clear(&l);
	return 0;
}
