/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROC_H
#define LEAKSHIM_PROC_H
/*
 * The calling process in /proc. By its calling thread: where the first thread has left by pthread_exit, /proc/self shows
 * a process without memory and files. The numbers in /proc are those of the PID namespace that it was mounted in, which
 * need not be ours.
 * Raw system calls only. Async-signal-safe.
 */
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include "sys.h"

#define PROC_NAME 64u

/* Opens /proc/self/task/NAME/status. */
static inline long proc_task_status(const char *name)
{
	char path[PROC_NAME] = "/proc/self/task/";
	size_t length = strlen(path), more = strlen(name);

	if (length + more + sizeof "/status" > sizeof path)
		return -36; /* ENAMETOOLONG */
	memcpy(path + length, name, more);
	memcpy(path + length + more, "/status", sizeof "/status");
	return sys_call6(SYS_openat, -100 /* AT_FDCWD */, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
}

/* Opens a file of ours, by its name below /proc/self/. Returns a descriptor or -errno. */
static inline long proc_open(const char *name, int flags)
{
	static const char *const folders[] = {"/proc/thread-self/", "/proc/self/"}; /* kernels before 3.17 lack the first */
	char path[PROC_NAME];
	long fd = -2;

	for (int i = 0; i < 2 && fd == -2 /* ENOENT */; i++) {
		size_t length = strlen(folders[i]), rest = strlen(name) + 1;

		if (length + rest > sizeof path)
			return -36; /* ENAMETOOLONG */
		memcpy(path, folders[i], length);
		memcpy(path + length, name, rest);
		fd = sys_call6(SYS_openat, -100 /* AT_FDCWD */, (long)path, flags | O_CLOEXEC, 0, 0, 0);
	}
	return fd;
}

/* The path that leads from everywhere to what a descriptor of ours is open on. Returns its length, 0 if it cannot be told. */
static inline size_t proc_path_of(long fd, char *path, size_t size)
{
	char link[PROC_NAME] = "/proc/self/fd/";
	size_t at = strlen(link);
	long place = 1, got;

	while (fd / place >= 10)
		place *= 10;
	for (; place; place /= 10)
		link[at++] = (char)('0' + fd / place % 10);
	link[at] = 0;
	got = sys_call3(SYS_readlink, (long)link, (long)path, (long)size - 1);
	if (got <= 0 || path[0] != '/')
		got = 0;
	path[got] = 0;
	return (size_t)got;
}
#endif
