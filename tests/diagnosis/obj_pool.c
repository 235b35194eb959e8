/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in sprite_free; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct animation { int frames; int *delays; };
struct sprite { char name[16]; struct animation *anim; struct sprite *next; };
static struct sprite *live, *dead;
static struct animation *animation_new(int frames)
{
	struct animation *a = malloc(sizeof(*a));
	a->frames = frames;
	a->delays = malloc(frames * sizeof(int));
	for (int i = 0; i < frames; i++)
		a->delays[i] = 20 + i;
	return a;
}
static void animation_free(struct animation *a)
{
	free(a->delays);
	free(a);
}
static struct sprite *sprite_new(int n)
{
	struct sprite *s = calloc(1, sizeof(*s));
	snprintf(s->name, sizeof(s->name), "sprite%d", n);
	if (n % 3 == 0)
		s->anim = animation_new(2 + n % 4);
	s->next = live;
	live = s;
	return s;
}
static void sprite_stop(struct sprite *s)
{
	if (s->anim) {
		animation_free(s->anim);
		s->anim = NULL;
	}
}
static void sprite_free(struct sprite *s)
{
#ifndef FAULT
	sprite_stop(s);
#endif
	memset(s->name, 0, sizeof(s->name)); /* <<< */
	free(s); /* >>> */
}
static int tick(int t)
{
	int sum = 0;
	for (struct sprite **at = &live; *at;) {
		struct sprite *s = *at;
		if (s->anim)
			sum += s->anim->delays[t % s->anim->frames];
		if (s->anim && t % 5 == 4)
			sprite_stop(s);
		if (t % 4 == 3) {
			*at = s->next;
			s->next = dead;
			dead = s;
			continue;
		}
		at = &s->next;
	}
	return sum;
}
static void reap(void)
{
	while (dead) {
		struct sprite *s = dead;
		dead = s->next;
		sprite_free(s);
	}
}
int main(void)
{
	int sum = 0;
	for (int t = 0; t < 60; t++) {
		sprite_new(t);
		sum += tick(t);
		reap();
	}
	while (live) {
		struct sprite *s = live;
		live = s->next;
		sprite_free(s);
	}
	printf("%d\n", sum);
	return 0;
}
