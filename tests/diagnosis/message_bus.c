/* SPDX-License-Identifier: MIT */
/* answer: dropped-queue; in bus_close; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
	struct message *next;
	int number;
	char text[50];
};

struct bus {
	struct message *first, *last;
	int length;
};

static struct bus *bus_open(void)
{
	return calloc(1, sizeof(struct bus));
}

static void bus_post(struct bus *b, int number)
{
	struct message *m = malloc(sizeof(*m));

	m->next = NULL;
	m->number = number;
	snprintf(m->text, sizeof(m->text), "message %d", number);
	if (b->last)
		b->last->next = m;
	else
		b->first = m;
	b->last = m;
	b->length++;
}

static int bus_take(struct bus *b)
{
	struct message *m = b->first;
	int number;

	if (!m)
		return -1;
	b->first = m->next;
	if (!b->first)
		b->last = NULL;
	b->length--;
	number = m->number;
	free(m);
	return number;
}

static void bus_close(struct bus *b)
{
#ifndef FAULT
	while (bus_take(b) >= 0)
		;
#endif
	free(b); /* <<< */
} /* >>> */

int main(void)
{
	int sum = 0;

	for (int round = 0; round < 5; round++) {
		struct bus *b = bus_open();

		for (int i = 0; i < 20; i++)
			bus_post(b, i);
		for (int i = 0; i < 15; i++)
			sum += bus_take(b);
		bus_close(b);
	}
	printf("%d\n", sum);
	return 0;
}
