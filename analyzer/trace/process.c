/* SPDX-License-Identifier: MIT */
/* Other processes, as /proc shows them: see process.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "process.h"

uint64_t process_start(pid_t pid)
{
	char path[64], text[1024], *at;
	unsigned long long start = 0;
	size_t got;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return 0;
	got = fread(text, 1, sizeof(text) - 1, file);
	fclose(file);
	text[got] = 0;
	at = strrchr(text, ')'); /* the name before it may hold anything */
	if (!at || at[1] != ' ' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		start = strtoull(at + 1, NULL, 10);
	return start;
}

bool process_is_running(pid_t pid, uint64_t start)
{
	return start && process_start(pid) == start;
}

/* The path in a line of /proc/PID/maps if it can be a trace's, else 0. */
static char *line_trace(char *line)
{
	char *path = strchr(line, '/');
	size_t length;

	if (!path)
		return NULL;
	length = strcspn(path, "\n");
	path[length] = 0;
	return length > 6 && !strcmp(path + length - 6, ".trace") ? path : NULL;
}

/* In a container the process knows itself by another number: its start tells. */
static bool process_is_it(pid_t pid, const struct file_head *head)
{
	return head->pid == (uint32_t)pid ||
	       (head->process_start && head->process_start == process_start(pid));
}

static int find_in_maps(FILE *maps, pid_t pid, char *path, size_t size)
{
	char *line = NULL, *name;
	size_t room = 0;
	int result = -1;

	while (result && getline(&line, &room, maps) > 0) {
		struct file_head head;

		name = line_trace(line);
		/* As seen from here, else (in a container) as the process itself sees it. */
		for (int inside = 0; name && result && inside < 2; inside++) {
			int length = inside ? snprintf(path, size, "/proc/%d/root%s", (int)pid, name)
					    : snprintf(path, size, "%s", name);

			if (length > 0 && (size_t)length < size && !file_peek(path, &head) &&
			    process_is_it(pid, &head))
				result = 0;
		}
	}
	free(line);
	return result;
}

int process_trace(pid_t pid, char *path, size_t size)
{
	char name[64];
	FILE *maps;
	int result;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	maps = fopen(name, "re");
	if (!maps) {
		if (errno == ENOENT)
			fprintf(stderr, "leakshim: %d: there is no such process; "
				"give the trace it left instead\n", (int)pid);
		else
			fprintf(stderr, "leakshim: %d: cannot be looked at: %s; "
				"ask as its owner or as root\n", (int)pid, strerror(errno));
		return -1;
	}
	result = find_in_maps(maps, pid, path, size);
	fclose(maps);
	if (result)
		fprintf(stderr, "leakshim: %d: is not being traced; start it with "
			"`leakshim run -- PROGRAM` or LD_PRELOAD=libleakshim.so\n", (int)pid);
	return result;
}
