/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|never-released; in ini_close; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pair { char *key, *value; struct pair *next; };
struct ini { struct pair *first; char *path; };

static struct ini *ini_open(const char *path)
{
	struct ini *ini = calloc(1, sizeof(*ini));

	ini->path = strdup(path);
	return ini;
}

static void ini_set(struct ini *ini, const char *key, const char *value)
{
	struct pair *p = malloc(sizeof(*p));

	p->key = strdup(key);
	p->value = strdup(value);
	p->next = ini->first;
	ini->first = p;
}

static const char *ini_get(const struct ini *ini, const char *key)
{
	for (const struct pair *p = ini->first; p; p = p->next)
		if (!strcmp(p->key, key))
			return p->value;
	return NULL;
}

static void ini_close(struct ini *ini)
{
	struct pair *next;

	for (struct pair *p = ini->first; p; p = next) {
		next = p->next;
		free(p->key);
#ifndef FAULT
		free(p->value);
#endif
		free(p); /* <<< */
	}
	free(ini->path);
	free(ini);
} /* >>> */

int main(void)
{
	int n = 0;

	for (int i = 0; i < 4; i++) {
		struct ini *ini = ini_open("/etc/x.ini");

		ini_set(ini, "host", "localhost");
		ini_set(ini, "port", "8080");
		n += atoi(ini_get(ini, "port"));
		ini_close(ini);
	}
	printf("%d\n", n);
	return 0;
}
