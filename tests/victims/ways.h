/* SPDX-License-Identifier: MIT */
#ifndef WAYS_H
#define WAYS_H
/*
 * Ways to end an object of a library. Each is a function, whose name a report says: it makes one and ends it as is right, or
 * forgets to if `forget` is set. Nothing can take the place of what was freed in between: a later object there would hide
 * that an end was not seen.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WAY(name)                                                                             \
	static void name(int forget);                                                         \
	static __attribute__((constructor)) void add_##name(void) { add_way(#name, name); } \
	static __attribute__((noinline)) void name(int forget)

#define END(call) do { if (!forget) { call; } } while (0)

static struct way {
	const char *name;
	void (*go)(int forget);
} ways[200];
static int ways_used;

static void add_way(const char *name, void (*go)(int))
{
	ways[ways_used++] = (struct way){name, go};
}

static uintptr_t taken[300000]; /* inverted, so that they are no pointers */
static int taken_used;

static __attribute__((noinline)) void take_what_was_freed(void)
{
	for (size_t size = 24; size < 1024; size += 16)
		for (int i = 0; i < 9 && taken_used < 300000; i++)
			taken[taken_used++] = ~(uintptr_t)malloc(size);
}

static void give_back(void)
{
	while (taken_used)
		free((void *)~taken[--taken_used]);
}

/* No stale pointer stays behind. */
static __attribute__((noinline)) void scrub(void)
{
	char stale[16384];

	memset(stale, 0, sizeof stale);
	__asm__ volatile("" : : "r"(stale) : "memory", "rbx", "r12", "r13", "r14", "r15");
}

/* Arguments: clean or forget, then perhaps a way or all, and how many times. */
static int go_all_ways(int n, char **words)
{
	for (int i = 0; i < ways_used; i++) {
		if (n > 2 && strcmp(words[2], "all") && strcmp(words[2], ways[i].name))
			continue;
		for (int k = n > 3 ? atoi(words[3]) : 1; k > 0; k--) {
			ways[i].go(!strcmp(words[1], "forget"));
			scrub();
			take_what_was_freed();
		}
		if (n > 3)
			give_back();
	}
	give_back();
	return 0;
}
#endif
