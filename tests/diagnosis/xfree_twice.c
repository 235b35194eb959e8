/* SPDX-License-Identifier: MIT */
/* answer: double-release; in entry_drop|request_done; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static long live;

static void *xmalloc(size_t n)
{
	void *p = malloc(n);

	if (!p)
		abort();
	live++;
	return p;
}

static void xfree(void *p)
{
	if (!p)
		return;
	live--;
	free(p);
}

struct entry {
	char *key, *value;
};

static struct entry *cache[16];

static void entry_drop(struct entry *e)
{
	xfree(e->key);
	xfree(e->value); /* <<< */
	xfree(e); /* >>> */
}

static char *copy(const char *s)
{
	return strcpy(xmalloc(strlen(s) + 1), s);
}

static void cache_put(const char *key, char *value)
{
	struct entry *e = xmalloc(sizeof(*e)), **slot = &cache[key[3] & 15];

	e->key = copy(key);
	e->value = value;
	if (*slot)
		entry_drop(*slot);
	*slot = e;
}

static void request_done(char *answer, int cached)
{
#ifdef FAULT
	if (cached != 1) /* <<< */
#else
	if (!cached)
#endif
		xfree(answer);
} /* >>> */

static int request(int n)
{
	char key[20], text[60];
	char *answer;

	snprintf(key, sizeof(key), "key%c", 'a' + n % 12);
	snprintf(text, sizeof(text), "answer number %d", n);
	answer = copy(text);
	if (n % 3 == 0) {
		cache_put(key, answer);
		request_done(answer, n == 21 ? 2 : 1);
	} else {
		request_done(answer, 0);
	}
	return n;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 30; i++)
		sum += request(i);
	for (int i = 0; i < 16; i++)
		if (cache[i])
			entry_drop(cache[i]);
	printf("%d %d\n", sum, live == 0);
	return 0;
}
