/* SPDX-License-Identifier: MIT */
/* answer: never-released; in list_files; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *path_join(const char *folder, const char *name)
{
	size_t a = strlen(folder), b = strlen(name);
	char *path = malloc(a + b + 2);

	memcpy(path, folder, a);
	path[a] = '/';
	memcpy(path + a + 1, name, b + 1);
	return path;
}

static int list_files(const char *folder)
{
	static const char *const names[] = { "a.c", "b.c", "main.c" };
	int longest = 0;

	for (unsigned i = 0; i < 3; i++) {
		char *path = path_join(folder, names[i]);
		int length = (int)strlen(path);

		if (length > longest) /* <<< */
			longest = length;
#ifndef FAULT
		free(path);
#endif
	}
	return longest; /* >>> */
}

static int remember(const char *folder)
{
	char *path = path_join(folder, "x");
	int n = (int)strlen(path);

	free(path);
	return n;
}

int main(void)
{
	int n = list_files("/tmp") + list_files("/usr/share") + remember("/var");

	printf("%d\n", n);
	return 0;
}
