/* SPDX-License-Identifier: MIT */
/* answer: error-path; in find_program; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static int is_executable(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_mode & 0111;
}

static char *find_program(const char *name, const char *path)
{
	char *dirs, *dir, *save = NULL;

	if (strchr(name, '/'))
		return is_executable(name) ? strdup(name) : NULL;
	dirs = strdup(path);
	if (!dirs)
		return NULL;
	for (dir = strtok_r(dirs, ":", &save); dir; dir = strtok_r(NULL, ":", &save)) {
		size_t n = strlen(dir) + strlen(name) + 2;
		char *full = malloc(n);
		if (!full)
			break;
		snprintf(full, n, "%s/%s", dir, name);
		if (is_executable(full)) {
#ifndef FAULT
			free(dirs);
#endif
			return full; /* <<< >>> */
		}
		free(full);
	}
	free(dirs);
	return NULL;
}

int main(void)
{
	static const char *const wanted[] = { "no-such-tool", "sh", "missing-one", "/bin/sh", "nothing", "nor-this", "also-not" };
	int found = 0;
	for (int i = 0; i < 70; i++) {
		char *p = find_program(wanted[i % 7], "/nonexistent:/usr/bin:/bin");
		if (p) {
			found++;
			free(p);
		}
	}
	printf("%d\n", found);
	return 0;
}
