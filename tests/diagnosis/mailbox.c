/* SPDX-License-Identifier: MIT */
/* answer: dropped-queue|owner-freed; in actor_stop; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOX 16

struct mail {
	char subject[24];
	int from;
};

struct actor {
	struct mail *box[BOX];
	unsigned head, tail;
	int handled;
};

static struct actor *actor_start(void)
{
	return calloc(1, sizeof(struct actor));
}

static int actor_post(struct actor *a, int from)
{
	struct mail *m;

	if (a->tail - a->head == BOX)
		return 0;
	m = malloc(sizeof(*m));
	m->from = from;
	snprintf(m->subject, sizeof(m->subject), "about %d", from);
	a->box[a->tail++ % BOX] = m;
	return 1;
}

static void actor_step(struct actor *a)
{
	struct mail *m;

	if (a->head == a->tail)
		return;
	m = a->box[a->head++ % BOX];
	a->handled += (int)strlen(m->subject);
	free(m);
}

static int actor_stop(struct actor *a)
{
	int n = a->handled;

#ifndef FAULT
	while (a->head != a->tail)
		actor_step(a);
#endif
	free(a); /* <<< */
	return n; /* >>> */
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 6; i++) {
		struct actor *a = actor_start();

		for (int k = 0; k < 20; k++) {
			actor_post(a, k);
			if (k % 3)
				actor_step(a);
		}
		sum += actor_stop(a);
	}
	printf("%d\n", sum);
	return 0;
}
