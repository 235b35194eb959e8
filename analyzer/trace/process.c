/* SPDX-License-Identifier: MIT */
/* Other processes, as /proc shows them: see process.h. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "process.h"

/* A thread of the process that is alive: its first one may have left by pthread_exit, and the process goes on. Fills its
 * folder in /proc. */
static bool living_thread(pid_t pid, char *folder, size_t size)
{
	char path[64];
	struct dirent *entry;
	bool found = false;
	DIR *list;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	list = opendir(path);
	while (list && !found && (entry = readdir(list))) {
		char state = 0, stat[128];
		FILE *file;

		if (entry->d_name[0] == '.' ||
		    snprintf(folder, size, "/proc/%d/task/%s", (int)pid, entry->d_name) >= (int)size)
			continue;
		snprintf(stat, sizeof(stat), "%s/stat", folder);
		file = fopen(stat, "re");
		found = file && fscanf(file, "%*d (%*[^)]) %c", &state) == 1 && state != 'Z' && state != 'X';
		if (file)
			fclose(file);
	}
	if (list)
		closedir(list);
	return found;
}

uint64_t process_start(pid_t pid)
{
	char path[64], text[1024], *at, folder[80];
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
	if (!at || at[1] != ' ' || ((at[2] == 'Z' || at[2] == 'X') && !living_thread(pid, folder, sizeof(folder))))
		return 0;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		start = strtoull(at + 1, NULL, 10);
	return start;
}

/* The number that a process has in the innermost of its PID namespaces, 0 if it has only one. */
static pid_t inner_number(const char *name)
{
	char path[300], line[256];
	pid_t inner = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/status", name);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "NSpid:\t", 7)) {
			char *last = strrchr(line, '\t');

			inner = last > line + 6 ? (pid_t)atoi(last + 1) : 0;
			break;
		}
	if (file)
		fclose(file);
	return inner;
}

pid_t process_outside(pid_t inner, uint64_t start)
{
	struct dirent *entry;
	pid_t found = 0;
	DIR *list = start ? opendir("/proc") : NULL;

	while (list && !found && (entry = readdir(list))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid > 0 && inner_number(entry->d_name) == inner && process_start(pid) == start)
			found = pid;
	}
	if (list)
		closedir(list);
	return found;
}

/* Where /proc tells nothing: is there any process of that number? */
static bool is_there(pid_t pid)
{
	return pid > 0 && (!kill(pid, 0) || errno == EPERM);
}

bool process_is_running(pid_t pid, uint64_t start)
{
	if (!start || !process_start(getpid()))
		return is_there(pid);
	return process_start(pid) == start || process_outside(pid, start);
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

static int find_in_maps(FILE *maps, pid_t pid, const char *folder, char *path, size_t size)
{
	char *line = NULL, *name;
	size_t room = 0;
	int result = -1;

	while (result && getline(&line, &room, maps) > 0) {
		struct file_head head;

		name = line_trace(line);
		/* As seen from here, else (in a container) as the process itself sees it. */
		for (int inside = 0; name && result && inside < 2; inside++) {
			int length = inside ? snprintf(path, size, "%s/root%s", folder, name)
					    : snprintf(path, size, "%s", name);

			if (length > 0 && (size_t)length < size && !file_peek(path, &head) &&
			    process_is_it(pid, &head))
				result = 0;
		}
	}
	free(line);
	return result;
}

static bool is_mapped(FILE *maps, const char *what)
{
	char *line = NULL;
	size_t room = 0;
	bool found = false;

	rewind(maps);
	while (!found && getline(&line, &room, maps) > 0)
		found = strstr(line, what) != NULL;
	free(line);
	return found;
}

int process_trace(pid_t pid, char *path, size_t size)
{
	char name[128], folder[80];
	FILE *maps;
	int result;
	bool has_shim, is_removed;

	if (!living_thread(pid, folder, sizeof(folder)))
		snprintf(folder, sizeof(folder), "/proc/%d", (int)pid);
	snprintf(name, sizeof(name), "%s/maps", folder);
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
	result = find_in_maps(maps, pid, folder, path, size);
	has_shim = result && is_mapped(maps, "/libleakshim.so");
	is_removed = has_shim && is_mapped(maps, ".trace (deleted)\n");
	fclose(maps);
	if (is_removed)
		fprintf(stderr, "leakshim: %d: its trace was removed, so that nobody can look into it any more; what it reports itself at its end "
			"comes from a copy\n", (int)pid);
	else if (has_shim)
		fprintf(stderr, "leakshim: %d: has allocated nothing since it was forked, or libleakshim.so stands aside in it; ask it again "
			"later\n", (int)pid);
	else if (result)
		fprintf(stderr, "leakshim: %d: is not being traced; start it with "
			"`leakshim run -- PROGRAM` or LD_PRELOAD=libleakshim.so\n", (int)pid);
	return result;
}

bool process_has_trace(pid_t pid)
{
	char name[64], folder[64], path[PATH_MAX];
	FILE *maps;
	int result;

	snprintf(folder, sizeof(folder), "/proc/%d", (int)pid);
	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	maps = fopen(name, "re");
	result = maps ? find_in_maps(maps, pid, folder, path, sizeof(path)) : -1;
	if (maps)
		fclose(maps);
	return !result;
}

/* The environment that it began with, or that it was forked with. */
static bool is_told_folder(pid_t pid, const char *folder)
{
	char path[64], *variable = NULL;
	size_t room = 0, length = strlen(folder);
	bool is_told = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	file = fopen(path, "re");
	while (file && !is_told && getdelim(&variable, &room, 0, file) > 0) {
		char *at = strncmp(variable, "LEAKSHIM_OPTIONS=", 17) ? NULL : strstr(variable, folder);

		is_told = at && !strncmp(at - 4, "dir=", 4) && (at[length] == ':' || !at[length]);
	}
	free(variable);
	if (file)
		fclose(file);
	return is_told;
}

unsigned process_awaited(const char *folder, pid_t *list, unsigned most)
{
	DIR *all = opendir("/proc");
	struct dirent *entry;
	unsigned count = 0;

	while (all && count < most && (entry = readdir(all))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid > 0 && is_told_folder(pid, folder) && !process_has_trace(pid))
			list[count++] = pid;
	}
	if (all)
		closedir(all);
	return count;
}

const char *process_temporary(void)
{
	const char *folder = getenv("TMPDIR");

	return folder && folder[0] == '/' ? folder : "/tmp";
}

bool process_usual_folder(unsigned i, char *path, size_t size)
{
	const char *const parents[] = { process_temporary(), "/dev/shm", "/var/tmp" };

	if (i >= sizeof(parents) / sizeof(*parents))
		return false;
	if (snprintf(path, size, "%s/leakshim-%u", parents[i], (unsigned)geteuid()) >= (int)size)
		path[0] = 0;
	return true;
}
