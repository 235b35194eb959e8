/* SPDX-License-Identifier: MIT */
/* answer: error-path; in group_remove; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct setting { char name[16]; int value; };
struct group { unsigned count; struct setting **settings; };

static __attribute__((noinline)) struct setting *group_add(struct group *g, const char *name, int value)
{
	struct setting *s = malloc(sizeof(*s));

	snprintf(s->name, sizeof(s->name), "%s", name);
	s->value = value;
	g->settings = realloc(g->settings, (g->count + 1) * sizeof(*g->settings));
	g->settings[g->count++] = s;
	return s;
}

static struct setting *list_take(struct group *g, unsigned at)
{
	struct setting *s = g->settings[at];

	memmove(g->settings + at, g->settings + at + 1, (g->count - at - 1) * sizeof(*g->settings));
	g->count--;
	return s;
}

static __attribute__((noinline)) int group_remove(struct group *g, unsigned at)
{
	struct setting *s;

	if (at >= g->count)
		return 0;
	s = list_take(g, at); /* <<< */
#ifdef FAULT
	(void)s;
#else
	free(s);
#endif
	return 1; /* >>> */
}

static __attribute__((noinline)) void group_free(struct group *g)
{
	for (unsigned i = 0; i < g->count; i++)
		free(g->settings[i]);
	free(g->settings);
}

int main(void)
{
	static const char *const names[] = { "width", "height", "depth", "colour", "title", "font" };
	struct group g = { 0, NULL };
	int removed = 0;

	puts("settings");

	for (int i = 0; i < 6; i++)
		group_add(&g, names[i], i);
	removed += group_remove(&g, 1);
	removed += group_remove(&g, 2);
	group_free(&g);
	printf("%d removed\n", removed);
	return 0;
}
