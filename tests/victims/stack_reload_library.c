/* SPDX-License-Identifier: MIT */
/* One of two libraries with equal code addresses and unequal frames (ROOM). */
#include <stddef.h>
int call(int n, void (*take)(size_t));
__attribute__((noinline)) static int inner(int n, void (*take)(size_t))
{
	volatile char room[ROOM];
	room[ROOM - 1] = 1;
	take((size_t)n + 1);
	return room[ROOM - 1];
}
int call(int n, void (*take)(size_t))
{
	volatile char room[ROOM * 2];
	room[ROOM - 1] = 2;
	return inner(n, take) + room[ROOM - 1];
}
