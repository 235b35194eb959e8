/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <fcntl.h>
#include <string.h>

#include "note.h"
#include "sys.h"
#include "rules.h"

/* The number of our parent in the mounted /proc, 0 if it has none there. */
static long parent(void)
{
	char text[512];
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/status", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long n = sys_failed(fd) ? -1 : sys_call3(SYS_read, fd, (long)text, sizeof text - 1), pid = 0;

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	if (n <= 0)
		return 0;
	text[n] = 0;
	const char *at = strstr(text, "\nPPid:\t");
	for (at = at ? at + 7 : ""; *at >= '0' && *at <= '9'; at++)
		pid = pid * 10 + (*at - '0');
	return pid;
}

static char *append(char *to, const char *end, const char *text)
{
	while (*text && to < end - 1)
		*to++ = *text++;
	*to = 0;
	return to;
}

char *program_file(char path[PROGRAM_PATH], const char *name)
{
	append(strrchr(path, '/') + 1, path + PROGRAM_PATH, name);
	return path;
}

/* A thread that has ended has no memory: its list of mappings is empty. */
static int has_memory(char path[PROGRAM_PATH])
{
	char c;
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)program_file(path, "maps"), O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long n = sys_failed(fd) ? 0 : sys_call3(SYS_read, fd, (long)&c, 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	return n == 1;
}

int program_find(char path[PROGRAM_PATH], uint32_t pid)
{
	char list[2048] __attribute__((aligned(8))), number[24], *at;
	long shown = parent(), n, fd, result = -1, its = sys_call3(SYS_getppid, 0, 0, 0);

	if (!shown || (its && its != (long)pid)) /* 0: the program has put its children into a namespace of theirs */
		return -1;
	at = append(path, path + PROGRAM_PATH, "/proc/");
	at = append(at, path + PROGRAM_PATH, note_number(number, shown));
	at = append(at, path + PROGRAM_PATH, "/task/");
	fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return -1;
	while (result && (n = sys_call3(SYS_getdents64, fd, (long)list, sizeof list)) > 0)
		for (long i = 0; result && i < n; i += ((struct sys_entry *)(list + i))->length) {
			const struct sys_entry *e = (struct sys_entry *)(list + i);

			if (e->name[0] == '.')
				continue;
			append(append(at, path + PROGRAM_PATH, e->name), path + PROGRAM_PATH, "/");
			result = has_memory(path) ? 0 : -1;
		}
	sys_call3(SYS_close, fd, 0, 0);
	return (int)result;
}

long program_read(char path[PROGRAM_PATH], uintptr_t from, void *to, size_t size)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)program_file(path, "mem"), O_RDONLY | O_CLOEXEC, 0, 0, 0), n;

	if (sys_failed(fd))
		return fd;
	n = sys_call6(SYS_pread64, fd, (long)to, (long)size, (long)from, 0, 0);
	sys_call3(SYS_close, fd, 0, 0);
	return n;
}
