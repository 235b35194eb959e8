/* SPDX-License-Identifier: MIT */
/* Frames that are left by longjmp, and stacks that look alike afterwards. */
#include <setjmp.h>
#include <stdlib.h>

static jmp_buf back;
__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
__attribute__((noinline)) static void dive(int n)
{
	volatile char room[64];
	room[n & 63] = 1;
	take((size_t)n + room[n & 63]);
	if (n % 7 == 3)
		longjmp(back, n);
	if (n < 1000)
		dive(n + 1);
	take(3);
}
int main(void)
{
	for (volatile int i = 0; i < 300; i++) {
		if (!setjmp(back))
			dive(i);
		take(9);
	}
	return 0;
}
