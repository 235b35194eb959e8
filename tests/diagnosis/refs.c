/* SPDX-License-Identifier: MIT */
/* answer: extra-retain; in publish; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>

struct item {
	int references;
	char text[60];
};

static struct item *last;

static struct item *item_new(int n)
{
	struct item *i = malloc(sizeof(*i));

	i->references = 1;
	snprintf(i->text, sizeof(i->text), "item %d", n);
	return i;
}

static struct item *item_get(struct item *i)
{
	i->references++;
	return i;
}

static void item_put(struct item *i)
{
	if (i && --i->references == 0)
		free(i);
}

static void publish(struct item *i)
{
	item_put(last);
	last = item_get(i);
#ifdef FAULT
	if (i->text[5] == '7')
		item_get(i); /* <<< >>> */
#endif
}

int main(void)
{
	for (int n = 0; n < 100; n++) {
		struct item *i = item_new(n);

		publish(i);
		item_put(i);
	}
	puts(last->text);
	item_put(last);
	last = NULL;
	return 0;
}
