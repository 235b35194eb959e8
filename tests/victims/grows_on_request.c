/* SPDX-License-Identifier: MIT */
/* Holds 25 large blocks of 25 makers. A line "keep" holds 10 small ones, "lose" forgets them. */
#include "holder.h"

#define EACH(X) X(a) X(b) X(c) X(d) X(e) X(f) X(g) X(h) X(i) X(j) X(k) X(l) X(m) X(n) X(o) X(p) X(q) X(r) X(s) X(t) \
	X(u) X(v) X(w) X(x) X(y)
#define MAKER(name) static __attribute__((noinline)) void *large_##name(void) { return malloc(100000); }
#define MAKE(name) large_##name(),
EACH(MAKER)

static void *large[25], *small[10];

static __attribute__((noinline)) void add_some(void)
{
	for (int i = 0; i < 10; i++)
		small[i] = malloc(100);
}

static __attribute__((noinline)) void hold_large(void)
{
	void *made[] = {EACH(MAKE)};

	memcpy(large, made, sizeof large);
	memset(made, 0, sizeof made);
	__asm__ volatile("" : : "r"(made) : "memory");
}

int main(void)
{
	char line[16];

	hold_large();
	puts("ready"), fflush(stdout);
	while (fgets(line, sizeof(line), stdin)) {
		if (!strcmp(line, "keep\n"))
			add_some();
		else
			memset(small, 0, sizeof small);
		scrub();
		puts("done"), fflush(stdout);
	}
	return !large[24];
}
