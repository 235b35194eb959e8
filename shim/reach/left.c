/* SPDX-License-Identifier: MIT */
#include "left.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "proc.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define TEXT 8192u
#define PATH 1024u
#define DEEPEST 16

/* Where a version of control groups keeps its figures. */
static const struct version {
	const char *line, *folder, *most, *used, *unused;
} versions[] = {
	{"0::/", "/sys/fs/cgroup", "/memory.max", "/memory.current", "\ninactive_file "},
	{":memory:/", "/sys/fs/cgroup/memory", "/memory.limit_in_bytes", "/memory.usage_in_bytes", "\ntotal_inactive_file "},
};

static long read_text(long fd, char *text)
{
	long n = sys_failed(fd) ? -1 : sys_call3(SYS_read, fd, (long)text, TEXT - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	text[n > 0 ? n : 0] = 0;
	return n;
}

static long read_path(const char *path, char *text)
{
	return read_text(sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0), text);
}

/* The figure in a file of the folder at `path`, whose name is put behind it; UINT64_MAX: none, or no limit. */
static uint64_t figure(char *path, const char *name, const char *label, char *text)
{
	size_t length = strlen(path), more = strlen(name);
	const char *at = text;

	if (length + more >= PATH)
		return UINT64_MAX;
	memcpy(path + length, name, more + 1);
	long n = read_path(path, text);
	path[length] = 0;
	if (n <= 0)
		return UINT64_MAX;
	if (label)
		at = strstr(text, label);
	if (!at)
		return UINT64_MAX;
	at += label ? strlen(label) : 0;
	return *at >= '0' && *at <= '9' ? tasks_number(&at, 10) : UINT64_MAX;
}

static uint64_t left_in(const struct version *v, char *path, char *text)
{
	uint64_t most = figure(path, v->most, 0, text), used = most == UINT64_MAX ? most : figure(path, v->used, 0, text);

	if (used == UINT64_MAX)
		return UINT64_MAX;
	uint64_t unused = figure(path, "/memory.stat", v->unused, text);
	if (unused != UINT64_MAX)
		used = used > unused ? used - unused : 0;
	return most > used ? most - used : 0;
}

/* The group of the process, and those above it. */
static uint64_t left_in_groups(const struct version *v, char *path, char *text)
{
	size_t folder = strlen(v->folder);
	uint64_t left = UINT64_MAX;

	if (read_text(proc_open("cgroup", O_RDONLY), text) <= 0)
		return left;
	const char *at = strstr(text, v->line);
	at = at ? at + strlen(v->line) - 1 : 0;
	const char *end = at ? strchr(at, '\n') : 0;
	if (!end || folder + (size_t)(end - at) >= PATH)
		return left;
	memcpy(path, v->folder, folder);
	memcpy(path + folder, at, (size_t)(end - at));
	path[folder + (size_t)(end - at)] = 0;
	for (int i = 0; i < DEEPEST; i++) {
		uint64_t one = left_in(v, path, text);
		char *slash = strrchr(path + folder, '/');

		left = one < left ? one : left;
		if (!slash)
			break;
		*slash = 0;
	}
	return left;
}

uint64_t left_memory(void)
{
	uint64_t left = UINT64_MAX;
	long room = sys_call6(SYS_mmap, 0, TEXT + PATH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); /* stacks are small */
	char *text = (char *)room, *path = text + TEXT;

	if (sys_failed(room))
		return 0;
	if (read_path("/proc/meminfo", text) > 0) {
		const char *at = strstr(text, "MemAvailable:");

		at = at ? at + 13 : 0;
		left = at ? tasks_number(&at, 10) * 1024 : left;
	}
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		uint64_t one = left_in_groups(&versions[i], path, text);

		left = one < left ? one : left;
	}
	sys_call3(SYS_munmap, room, TEXT + PATH, 0);
	return left;
}
