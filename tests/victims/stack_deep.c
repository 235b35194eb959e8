/* SPDX-License-Identifier: MIT */
/* Recursion of 1, 128, 1024 and many more frames, growing and shrinking. */
#include <stdlib.h>

__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
__attribute__((noinline)) static void even(int n);
__attribute__((noinline)) static void odd(int n)
{
	if (n % 100 == 1) take((size_t)n);
	even(n - 1);
	if (n % 300 == 1) take((size_t)n + 1);
}
__attribute__((noinline)) static void even(int n)
{
	volatile int hold = n;
	if (n < 1) { take(5); return; }
	if (n % 3) odd(n - 1); else even(n - 1);
	take((size_t)hold % 64);
}
int main(void)
{
	static const int depth[] = {0, 1, 100, 127, 1020, 1024, 1030, 3000, 40, 2000};
	for (int i = 0; i < 10; i++) even(depth[i]), take(3);
	return 0;
}
