/* SPDX-License-Identifier: MIT */
/* answer: error-path; in decode; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int expand(const char *in, char **out)
{
	size_t n = strlen(in);

	*out = malloc(n * 2 + 1);
	if (!*out)
		return -1;
	for (size_t i = 0; i < n; i++)
		(*out)[i * 2] = (*out)[i * 2 + 1] = in[i];
	(*out)[n * 2] = 0;
	return 0;
}

static int decode(const char *in, int version)
{
	char *one = NULL, *two = NULL;
	int n;

	if (expand(in, &one))
		return -1;
	if (version > 2) {
#ifndef FAULT
		free(one);
#endif
		return -2; /* <<< >>> */
	}
	if (expand(one, &two)) {
		free(one);
		return -1;
	}
	n = (int)strlen(two);
	free(two);
	free(one);
	return n;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 60; i++)
		sum += decode("abcdef", i % 4);
	printf("%d\n", sum);
	return 0;
}
