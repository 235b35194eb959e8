/* SPDX-License-Identifier: MIT */
/* answer: longjmp; in eval_call|fail; at the lines between the marks */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static jmp_buf on_error;

static void fail(const char *why)
{
	(void)why;
	longjmp(on_error, 1);
}

static long eval_number(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*end)
		fail("not a number");
	return n;
}

static long eval_call(const char *args)
{
	char *copy = strdup(args), *save = NULL; /* <<< */
	long sum = 0;

	for (char *a = strtok_r(copy, ",", &save); a; a = strtok_r(NULL, ",", &save))
		sum += eval_number(a); /* >>> */
	free(copy);
	return sum;
}

#ifndef FAULT
static int all_numbers(const char *s)
{
	return strspn(s, "0123456789,") == strlen(s);
}
#endif

int main(void)
{
	static const char *const lines[] = { "1,2,3", "4,x,6", "10", "7,8" };
	volatile long total = 0;
	volatile int bad = 0;

	for (volatile int i = 0; i < 40; i++) {
		if (setjmp(on_error)) {
			bad++;
			continue;
		}
#ifndef FAULT
		if (!all_numbers(lines[i % 4]))
			continue;
#endif
		total += eval_call(lines[i % 4]);
	}
	printf("%ld %d\n", total, bad);
	return 0;
}
