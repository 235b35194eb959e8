/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in item_remove; at the lines between the marks */
/* what lets go one item is called for one that others hang on */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
	char *label;
	struct item *under, *next;
};

static struct item *item_new(const char *label)
{
	struct item *i = calloc(1, sizeof(*i));

	i->label = strdup(label);
	return i;
}

static void item_release(struct item *i)
{
	free(i->label);
	free(i);
}

static void menu_release(struct item *i)
{
	for (struct item *next; i; i = next) {
		next = i->next;
		menu_release(i->under);
		item_release(i);
	}
}

static void item_add(struct item *to, const char *label)
{
	struct item *i = item_new(label);

	i->next = to->under;
	to->under = i;
}

static int item_remove(struct item *menu, const char *label)
{
	for (struct item **at = &menu->under, *i; (i = *at); at = &i->next) {
		if (strcmp(i->label, label))
			continue;
		*at = i->next; /* <<< */
#ifndef FAULT
		menu_release(i->under);
#endif
		item_release(i);
		return 1; /* >>> */
	}
	return 0;
}

int main(void)
{
	struct item *menu = item_new("menu");
	char label[32];
	int removed = 0;

	for (int k = 0; k < 60; k++) {
		snprintf(label, sizeof(label), "entry %d", k);
		item_add(menu, label);
		if (k % 4 == 1)
			item_add(menu->under, "more");
		if (k % 2) {
			snprintf(label, sizeof(label), "entry %d", k - k % 3);
			removed += item_remove(menu, label);
		}
	}
	printf("%d removed\n", removed);
	menu_release(menu);
	return 0;
}
