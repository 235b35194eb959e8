/* SPDX-License-Identifier: MIT */
/* answer: longjmp; in read_block; at the lines between the marks */

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf on_error;

static void fail(const char *why)
{
	fprintf(stderr, "error: %s\n", why);
	longjmp(on_error, 1);
}

static void check(const char *text, int n)
{
	if (n % 5 == 4)
		fail(text);
}

static int read_block(int n)
{
	char *block = malloc(120);

	memset(block, n, 120);
#ifdef FAULT
	check("bad block", n); /* <<< >>> */
#else
	if (n % 5 == 4) {
		free(block);
		fail("bad block");
	}
	check("fine", 0);
#endif
	n = block[7];
	free(block);
	return n;
}

int main(void)
{
	volatile int sum = 0, i;

	for (i = 0; i < 30; i++)
		if (!setjmp(on_error))
			sum += read_block(i);
	printf("%d\n", sum);
	return 0;
}
