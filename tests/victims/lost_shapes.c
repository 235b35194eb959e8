/* SPDX-License-Identifier: MIT */
/* Lost structures (argv[1]); a good report names their heads only, with what they drag along. */
#include "holder.h"

static void **block(size_t size)
{
	return memset(malloc(size), 0, size);
}

static __attribute__((noinline)) void build(const char *way)
{
	void **a = block(1001), **b = block(1002), **c = block(1003);

	if (!strcmp(way, "addresses")) printf("%p %p %p\n", (void *)a, (void *)b, (void *)c);
	if (!strcmp(way, "chain") || !strcmp(way, "addresses")) { a[0] = b; b[0] = c; }
	if (!strcmp(way, "backward chain")) { c[0] = b; b[0] = a; }
	if (!strcmp(way, "cycle")) { a[0] = b; b[0] = c; c[0] = a; }
	if (!strcmp(way, "self")) { a[0] = a; b[5] = &b[7]; c[0] = b; }
	if (!strcmp(way, "cycle with a tail")) { b[0] = c; c[0] = b; c[1] = a; }
	if (!strcmp(way, "chain to a cycle")) { c[0] = b; b[0] = a; a[0] = b; }
	if (!strcmp(way, "two cycles")) { void **d = block(1004); a[0] = b; b[0] = a; b[1] = c; c[0] = d; d[0] = c; }
	if (!strcmp(way, "shared child")) { a[0] = c; b[0] = c; }
	if (!strcmp(way, "inner pointers")) { a[0] = &b[3]; b[0] = &c[3]; }
	scrub();
}

int main(int argc, char **argv)
{
	build(argc > 1 ? argv[1] : "chain");
	scrub();
	return 0;
}
