/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in map_put; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 31
struct slot { char *key; char *value; };
struct map { struct slot slots[SIZE]; };

static struct slot *find(struct map *m, const char *key)
{
	unsigned h = 7;

	for (const char *k = key; *k; k++)
		h = h * 31 + (unsigned char)*k;
	for (unsigned i = 0; i < SIZE; i++) {
		struct slot *s = &m->slots[(h + i) % SIZE];

		if (!s->key || !strcmp(s->key, key))
			return s;
	}
	return NULL;
}

static void map_put(struct map *m, const char *key, const char *value)
{
	struct slot *s = find(m, key);

	if (!s)
		return;
	if (!s->key)
		s->key = strdup(key);
#ifndef FAULT
	else
		free(s->value);
#endif
	s->value = strdup(value); /* <<< >>> */
}

static void map_free(struct map *m)
{
	for (unsigned i = 0; i < SIZE; i++) {
		free(m->slots[i].key);
		free(m->slots[i].value);
	}
	free(m);
}

int main(void)
{
	struct map *m = calloc(1, sizeof(*m));
	char key[16], value[16];

	for (int i = 0; i < 60; i++) {
		snprintf(key, sizeof(key), "k%d", i % 10);
		snprintf(value, sizeof(value), "v%d", i);
		map_put(m, key, value);
	}
	puts(find(m, "k3")->value);
	map_free(m);
	return 0;
}
