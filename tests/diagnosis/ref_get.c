/* SPDX-License-Identifier: MIT */
/* answer: error-path|extra-retain; in lookup; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct user { int refs; int id; char name[32]; };

static struct user *users[8];

static struct user *user_get(int id)
{
	struct user *u = users[id % 8];

	if (u)
		u->refs++;
	return u;
}

static void user_put(struct user *u)
{
	if (--u->refs == 0)
		free(u);
}

static int lookup(int id, const char *name)
{
	struct user *u = user_get(id);

	if (!u)
		return -1;
	if (strcmp(u->name, name) != 0) {
#ifndef FAULT
		user_put(u);
#endif
		return -2; /* <<< >>> */
	}
	id = u->id;
	user_put(u);
	return id;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 8; i++) {
		users[i] = malloc(sizeof(struct user));
		users[i]->refs = 1;
		users[i]->id = i;
		snprintf(users[i]->name, sizeof(users[i]->name), "user%d", i % 3);
	}
	for (int i = 0; i < 40; i++)
		sum += lookup(i, "user1");
	for (int i = 0; i < 8; i++) {
		user_put(users[i]);
		users[i] = NULL;
	}
	printf("%d\n", sum);
	return 0;
}
