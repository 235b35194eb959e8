/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in layer_hide; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tile { int x, y; unsigned char colours[64]; };
struct layer { char *title; struct tile **tiles; int count, room; };

static struct layer *layer_new(const char *title)
{
	struct layer *l = calloc(1, sizeof(*l));

	l->title = strdup(title);
	return l;
}

static void layer_add(struct layer *l, struct tile *t)
{
	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 4;
		l->tiles = realloc(l->tiles, l->room * sizeof(*l->tiles));
		if (!l->tiles)
			abort();
	}
	l->tiles[l->count++] = t;
}

static struct tile *tile_render(int x, int y)
{
	struct tile *t = malloc(sizeof(*t));

	t->x = x;
	t->y = y;
	memset(t->colours, x * y, sizeof(t->colours));
	return t;
}

static unsigned layer_sum(const struct layer *l)
{
	unsigned sum = 0;

	for (int i = 0; i < l->count; i++)
		sum += l->tiles[i]->colours[7] + strlen(l->title);
	return sum;
}

static void layer_free(struct layer *l)
{
	while (l->count)
		free(l->tiles[--l->count]);
	free(l->tiles);
	free(l->title);
	free(l);
}

/* Its title stays for the list of those that can be shown again. */
static char *layer_hide(struct layer *l)
{
	char *title = l->title; /* <<< */

#ifndef FAULT
	while (l->count)
		free(l->tiles[--l->count]);
#endif
	free(l->tiles);
	free(l);
	return title; /* >>> */
}

int main(void)
{
	unsigned sum = 0, hidden = 0;

	for (int zoom = 1; zoom < 25; zoom++) {
		struct layer *l = layer_new(zoom % 2 ? "streets" : "heights");

		for (int i = 0; i < zoom % 5 + 2; i++)
			layer_add(l, tile_render(zoom, i));
		sum += layer_sum(l);
		if (zoom % 6 == 5) {
			char *title = layer_hide(l);

			hidden += strlen(title);
			free(title);
		} else {
			layer_free(l);
		}
	}
	printf("%u %u\n", sum, hidden);
	return 0;
}
