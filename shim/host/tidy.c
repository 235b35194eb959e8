/* SPDX-License-Identifier: MIT */
/* Removing dead traces. Laws in tidy.h. */
#include "tidy.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "note.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define DAY 86400
#define NAMES 8192

uint64_t tidy_process_start(const char *pid)
{
	char path[40] = "/proc/", text[1024];
	size_t length = strlen(pid);
	uint64_t ticks = 0;

	if (length > 20)
		return 0;
	memcpy(path + 6, pid, length);
	memcpy(path + 6 + length, "/stat", 6);
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return 0;
	long n = sys_call3(SYS_read, fd, (long)text, sizeof text - 1);
	sys_call3(SYS_close, fd, 0, 0);
	if (n <= 0)
		return 0;
	text[n] = 0;
	const char *at = strrchr(text, ')');
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	for (at = at ? at + 1 : ""; *at >= '0' && *at <= '9'; at++)
		ticks = ticks * 10 + (uint64_t)(*at - '0');
	return ticks;
}

static int is_own(const struct stat *st)
{
	return S_ISREG(st->st_mode) && st->st_uid == (uid_t)sys_call3(SYS_geteuid, 0, 0, 0) && !(st->st_mode & 077) &&
	       st->st_nlink == 1;
}

static int is_dead(const struct trace_header *h, const struct trace_header *own)
{
	char number[24];

	if (memcmp(h->magic, TRACE_MAGIC, sizeof h->magic) || h->version != TRACE_VERSION || !h->process_start ||
	    !own->process_start || !h->pid_space || h->pid_space != own->pid_space)
		return 0;
	return tidy_process_start(note_number(number, (long)h->pid)) != h->process_start;
}

/* Old enough, and a trace of a process that is gone? *opened counts. */
static int is_old(long folder, const char *name, time_t before, const struct trace_header *own, int *opened)
{
	struct trace_header h;
	struct stat st, same;

	if (sys_call6(SYS_newfstatat, folder, (long)name, (long)&st, AT_SYMLINK_NOFOLLOW, 0, 0) || !is_own(&st) ||
	    st.st_mtime > before)
		return 0;
	++*opened;
	long fd = sys_call6(SYS_openat, folder, (long)name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return 0;
	long n = sys_call6(SYS_pread64, fd, (long)&h, sizeof h, 0, 0, 0);
	int is_same = !sys_call3(SYS_fstat, fd, (long)&same, 0) && same.st_ino == st.st_ino && same.st_dev == st.st_dev;
	sys_call3(SYS_close, fd, 0, 0);
	return n == (long)sizeof h && is_same && is_dead(&h, own);
}

static int is_trace(const char *name)
{
	size_t length = strlen(name);

	return length > 6 && !strcmp(name + length - 6, ".trace");
}

void tidy(const char *folder, const struct trace_header *own)
{
	time_t before = (time_t)(state_clock_ns(CLOCK_REALTIME) / 1000000000u) - DAY;
	char names[NAMES] __attribute__((aligned(8)));
	struct stat st;
	int opened = 0;
	long n, fd = sys_call6(SYS_openat, AT_FDCWD, (long)folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return;
	n = sys_call3(SYS_fstat, fd, (long)&st, 0) || st.st_mode & 022 || st.st_uid != (uid_t)sys_call3(SYS_geteuid, 0, 0, 0)
		    ? 0
		    : sys_call3(SYS_getdents64, fd, (long)names, sizeof names);
	for (long at = 0; at < n && opened < TIDY_MOST;) {
		const struct sys_entry *e = (const struct sys_entry *)(names + at);

		if (is_trace(e->name) && is_old(fd, e->name, before, own, &opened))
			sys_call3(SYS_unlinkat, fd, (long)e->name, 0);
		at += e->length;
	}
	sys_call3(SYS_close, fd, 0, 0);
}
