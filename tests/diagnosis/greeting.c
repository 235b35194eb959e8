/* SPDX-License-Identifier: MIT */
/* answer: never-released; in greet; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int greet(const char *who)
{
	char *text = malloc(strlen(who) + 16);
	int length;

	sprintf(text, "hello, %s!", who);
	length = (int)strlen(text);
	puts(text);
#ifndef FAULT
	free(text);
#endif
	return length; /* <<< >>> */
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 5; i++)
		sum += greet(i & 1 ? "Ada" : "Grace");
	printf("%d\n", sum);
	return 0;
}
