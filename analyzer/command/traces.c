/* SPDX-License-Identifier: MIT */
/* Folders of traces: see traces.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "process.h"
#include "traces.h"
#include "words.h"

#define DAY 86400
#define TIDY_MOST 400 /* files looked at */

enum state { STATE_ALIVE, STATE_ENDED, STATE_KILLED, STATE_ELSEWHERE };

/* What a process went on as. */
struct after {
	struct file_head before;
	uint64_t began; /* the program that was found */
	char *found;
	size_t size;
};

struct tally {
	const struct options *o; /* 0: tidying, or looking for what comes after */
	struct after *after;
	uint64_t older, bytes, removed_bytes;
	unsigned looked_at, traces, removed;
	int space; /* is the header printed */
};

static uint64_t own_space(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : st.st_ino;
}

static enum state state_of(const struct file_head *head)
{
	bool is_here = head->pid_space && head->pid_space == own_space();

	if (head->is_exec)
		return STATE_ENDED;
	if (is_here ? head->process_start && process_start((pid_t)head->pid) == head->process_start
		    : process_is_running((pid_t)head->pid, head->process_start))
		return STATE_ALIVE;
	return head->has_end ? STATE_ENDED : is_here ? STATE_KILLED : STATE_ELSEWHERE;
}

static int open_own(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && (fstat(fd, &st) || st.st_uid != geteuid() || st.st_mode & 022)) {
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

static bool ends_with(const char *name, const char *end)
{
	size_t length = strlen(name), n = strlen(end);

	return length > n && !strcmp(name + length - n, end);
}

/* A trace of the user alone. Opened, else -1. */
static int open_trace(int folder, const char *name, struct stat *st, struct file_head *head)
{
	int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0 && !fstat(fd, st) && S_ISREG(st->st_mode) && st->st_uid == geteuid() && !(st->st_mode & 077) &&
	    st->st_nlink == 1 && !file_peek_at(fd, head))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static uint64_t age_of(const struct stat *st)
{
	time_t now = time(NULL), last = st->st_mtime;

	return now > last ? (uint64_t)(now - last) : 0;
}

static void list(struct tally *t, const char *folder, const char *name, const struct stat *st, const struct file_head *head,
		 enum state state)
{
	static const char *const words[] = { "alive", "ended", "killed", "elsewhere" };
	char age[WORDS_SIZE], size[WORDS_SIZE];

	if (!t->space++)
		printf("%8s  %-9s  %12s  %16s  %s\n", "PID", "STATE", "AGE", "SIZE", "TRACE");
	printf("%8u  %-9s  %12s  %16s  ", head->pid, words[state], words_time(age, age_of(st) * 1000000u),
	       words_bytes(size, (double)st->st_blocks * 512, false));
	words_escape(stdout, folder);
	fputc('/', stdout);
	words_escape(stdout, name);
	fputs(" (", stdout);
	words_escape(stdout, head->program);
	fputs(")\n", stdout);
}

static void remove_it(struct tally *t, int folder, const char *name, const struct stat *st)
{
	char report[NAME_MAX + 16];
	struct stat now;

	if (fstatat(folder, name, &now, AT_SYMLINK_NOFOLLOW) || now.st_ino != st->st_ino || now.st_dev != st->st_dev ||
	    unlinkat(folder, name, 0))
		return;
	t->removed++;
	t->removed_bytes += (uint64_t)st->st_blocks * 512;
	snprintf(report, sizeof(report), "%s.report", name);
	if (!fstatat(folder, report, &now, AT_SYMLINK_NOFOLLOW) && S_ISREG(now.st_mode) && now.st_uid == geteuid())
		unlinkat(folder, report, 0);
}

static void compare(struct after *a, const struct file_head *head, const char *folder, const char *name)
{
	bool is_same = head->pid == a->before.pid && head->process_start == a->before.process_start &&
		       head->pid_space == a->before.pid_space;

	if (is_same && head->start_realtime_ns > a->before.start_realtime_ns && (!a->began || head->start_realtime_ns < a->began) &&
	    snprintf(a->found, a->size, "%s/%s", folder, name) < (int)a->size)
		a->began = head->start_realtime_ns;
}

static void look_at(struct tally *t, int folder, const char *path, const char *name)
{
	struct file_head head;
	struct stat st;
	int fd = open_trace(folder, name, &st, &head);

	if (fd < 0)
		return;
	if (t->after) {
		compare(t->after, &head, path, name);
		close(fd);
		return;
	}
	enum state state = state_of(&head);
	bool is_dead = state == STATE_ENDED || state == STATE_KILLED;

	t->traces++;
	t->bytes += (uint64_t)st.st_blocks * 512;
	if (t->o && !t->o->remove)
		list(t, path, name, &st, &head, state);
	else if (is_dead && age_of(&st) >= t->older)
		remove_it(t, folder, name, &st);
	close(fd);
}

static int walk(struct tally *t, int at, const char *name, const char *path, bool has_runs)
{
	int fd = open_own(at, name);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	char below[PATH_MAX];

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	while ((entry = readdir(dir)) && (t->o || t->looked_at < TIDY_MOST)) {
		t->looked_at++;
		if (ends_with(entry->d_name, ".trace")) {
			look_at(t, fd, path, entry->d_name);
		} else if (has_runs && !strncmp(entry->d_name, "run-", 4)) {
			unsigned before = t->removed;

			snprintf(below, sizeof(below), "%s/%s", path, entry->d_name);
			if (!walk(t, fd, entry->d_name, below, false) && (!t->o || t->o->remove) && t->removed > before)
				unlinkat(fd, entry->d_name, AT_REMOVEDIR); /* only if nothing is left in it */
		}
	}
	closedir(dir);
	return 0;
}

void traces_tidy(const char *folder)
{
	struct tally t = { .older = DAY };

	walk(&t, AT_FDCWD, folder, folder, true);
}

/* Where the shim puts them by itself. */
static void walk_usual(struct tally *t)
{
	char path[PATH_MAX];

	for (unsigned i = 0; process_usual_folder(i, path, sizeof(path)); i++)
		walk(t, AT_FDCWD, path, path, true);
}

bool traces_after(const char *trace, char *found, size_t size)
{
	struct after after = { .found = found, .size = size };
	struct tally t = { .after = &after };
	const char *slash = strrchr(trace, '/');
	char folder[PATH_MAX];

	if (file_peek(trace, &after.before) || !after.before.process_start)
		return false;
	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - trace) + !(slash - trace) : 1, slash ? trace : ".");
	walk(&t, AT_FDCWD, folder, folder, false);
	if (!after.began)
		walk_usual(&t);
	return after.began != 0;
}

int traces_command(const struct options *o, const char *folder)
{
	struct tally t = { .o = o, .older = o->older };
	char a[WORDS_SIZE];

	if (!folder) {
		walk_usual(&t);
	} else if (walk(&t, AT_FDCWD, folder, folder, true)) {
		fprintf(stderr, "leakshim: %s: %s; give a folder of your own that nobody else can write to\n", folder, strerror(errno));
		return -1;
	}
	if (o->remove)
		printf("leakshim: removed %u of %u traces, %s\n", t.removed, t.traces, words_bytes(a, (double)t.removed_bytes, false));
	else
		printf("leakshim: %u %s, %s; --remove takes away those of processes that are gone\n", t.traces,
		       t.traces == 1 ? "trace" : "traces", words_bytes(a, (double)t.bytes, false));
	return 0;
}
