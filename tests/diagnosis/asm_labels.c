/* SPDX-License-Identifier: MIT */
/* answer: longjmp; in assemble; at the lines between the marks */
#include <ctype.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
static jmp_buf fail;
static int encode(const char *word)
{
	static const char *const ops[] = { "nop", "inc", "dec", "jmp", "ret" };
	for (int i = 0; i < 5; i++)
		if (!strcmp(word, ops[i]))
			return i;
	longjmp(fail, 1);
}
static int assemble(const char *source, unsigned char *sum)
{
	char *volatile work = NULL;
	char *save = NULL;
	int n = 0;
	if (setjmp(fail)) { /* <<< */
#ifndef FAULT
		free(work);
#endif
		return -1;
	} /* >>> */
	work = strdup(source);
	for (char *w = strtok_r(work, " ", &save); w; w = strtok_r(NULL, " ", &save)) { /* <<< */
		*sum = (unsigned char)(*sum + encode(w)); /* >>> */
		n++;
	}
	free(work);
	return n;
}
int main(void)
{
	static const char *const src[] = { "nop inc inc ret", "dec oops ret", "jmp", "inc dec jmp ret nop", "bad" };
	unsigned char sum = 0;
	int ops = 0, bad = 0;
	for (int i = 0; i < 40; i++) {
		int n = assemble(src[i % 5], &sum);
		if (n < 0)
			bad++;
		else
			ops += n;
	}
	printf("%d %d %d\n", ops, bad, sum);
	return 0;
}
