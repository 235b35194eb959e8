/* SPDX-License-Identifier: MIT */
/* answer: growing-cache; in cache_get; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char *key;
	int hits;
	struct entry *next;
};

static struct entry *buckets[64];
static int count;

static unsigned hash(const char *s)
{
	unsigned h = 5381;

	while (*s)
		h = h * 33 + (unsigned char)*s++;
	return h;
}

static void entry_free(struct entry *e)
{
	free(e->key);
	free(e);
}

static void cache_trim(unsigned most)
{
	for (unsigned i = 0; i < 64 && count > (int)most; i++)
		while (buckets[i] && count > (int)most) {
			struct entry *e = buckets[i];

			buckets[i] = e->next;
			entry_free(e);
			count--;
		}
}

static struct entry *cache_get(const char *key)
{
	struct entry **at = &buckets[hash(key) % 64], *e;

	for (e = *at; e; e = e->next)
		if (!strcmp(e->key, key))
			return e;
#ifndef FAULT
	cache_trim(50);
#endif
	e = calloc(1, sizeof(*e)); /* <<< */
	e->key = strdup(key);
	e->next = *at;
	*at = e;
	count++;
	return e; /* >>> */
}

int main(int argc, char **argv)
{
	char key[32];

	(void)argv;
	for (int i = 0; i < 3000; i++) {
		snprintf(key, sizeof(key), "client-%d", i);
		cache_get(key)->hits++;
	}
	printf("%d\n", count > 60);
	if (argc > 5)
		cache_trim(0);
#ifndef FAULT
	cache_trim(0);
#endif
	return 0;
}
