/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in fold; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* a new path: without the bytes from `at` up to `end` */
static char *without(const char *path, size_t at, size_t end)
{
	size_t rest = strlen(path + end);
	char *shorter = malloc(at + rest + 1);

	if (!shorter)
		exit(1);
	memcpy(shorter, path, at);
	memcpy(shorter + at, path + end, rest + 1);
	return shorter;
}

static char *fold(const char *path)
{
	char *now = without(path, 0, 0), *shorter;
	char *found;

	while ((found = strstr(now, "/./")) || (found = strstr(now, "//"))) {
		size_t at = (size_t)(found - now);

		if (found[1] == '.') {
			shorter = without(now, at, at + 2);
			free(now);
			now = shorter;
			continue;
		}
		shorter = without(now, at, at + 1); /* <<< */
#ifndef FAULT
		free(now);
#endif
		now = shorter; /* >>> */
	}
	return now;
}

static unsigned depth(const char *path)
{
	unsigned count = 0;

	for (; *path; path++)
		count += *path == '/';
	return count;
}

int main(void)
{
	static const char *const paths[] = { "/usr/./lib/./x", "/usr/bin", "/var//log/./y", "/a/./b/./c", "etc//host" };
	unsigned sum = 0;

	for (int i = 0; i < 200; i++) {
		char *folded = fold(paths[i % 5]);

		sum += depth(folded);
		free(folded);
	}
	printf("%u\n", sum);
	return 0;
}
