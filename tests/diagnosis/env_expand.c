/* SPDX-License-Identifier: MIT */
/* answer: error-path; in expand; at the lines between the marks */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct out { char *s; size_t n, room; };
static void put(struct out *o, const char *s, size_t n)
{
	if (o->n + n + 1 > o->room) {
		o->room = (o->n + n + 1) * 2;
		o->s = realloc(o->s, o->room);
	}
	memcpy(o->s + o->n, s, n);
	o->n += n;
	o->s[o->n] = 0;
}
static const char *value_of(const char *name)
{
	if (!strcmp(name, "HOME"))
		return "/home/me";
	if (!strcmp(name, "LANG"))
		return "C";
	return NULL;
}
static char *expand(const char *p)
{
	struct out o = { 0 };
	while (*p) {
		char name[16];
		size_t n = 0;
		if (*p != '$') {
			put(&o, p++, 1);
			continue;
		}
		for (p++; isalpha((unsigned char)*p) && n < sizeof(name) - 1; p++)
			name[n++] = *p;
		name[n] = 0;
		const char *v = value_of(name);
		if (!v) {
			fprintf(stderr, "%s: unset\n", name); /* <<< */
#ifndef FAULT
			free(o.s);
#endif
			return NULL; /* >>> */
		}
		put(&o, v, strlen(v));
	}
	put(&o, "", 0);
	return o.s;
}
int main(void)
{
	static const char *const in[] = { "$HOME/bin", "plain text that is somewhat longer", "x=$LANG;y=$NOPE", "$LANG.$HOME", "cd $HOME" };
	size_t sum = 0;
	int bad = 0;
	for (int i = 0; i < 50; i++) {
		char *s = expand(in[(i * 3 + i / 7) % 5]);
		if (!s) {
			bad++;
			continue;
		}
		sum += strlen(s);
		free(s);
	}
	printf("%zu %d\n", sum, bad);
	return 0;
}
