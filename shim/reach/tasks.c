/* SPDX-License-Identifier: MIT */
#include "tasks.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "note.h"
#include "own.h"
#include "proc.h"
#include "sys.h"
#include "rules.h"

uintptr_t tasks_number(const char **at, unsigned base)
{
	uintptr_t n = 0;

	while (**at == ' ' || **at == '\n' || **at == '\t')
		++*at;
	if (**at == '0' && (*at)[1] == 'x') {
		base = 16;
		*at += 2;
	}
	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			n = n * base + (uintptr_t)(c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			n = n * 16 + (uintptr_t)(c - 'a' + 10);
		else
			return n;
	}
}

const char *tasks_status(char *text, size_t size, const char *label)
{
	long fd = proc_open("status", O_RDONLY);
	long n = sys_failed(fd) ? -1 : sys_call3(SYS_read, fd, (long)text, (long)size - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	text[n > 0 ? n : 0] = 0;
	const char *at = strstr(text, label);
	return at ? at + strlen(label) : 0;
}

/* How many arguments a call takes in which threads wait: the other registers hold what was there before. */
static int arity(uintptr_t call)
{
	switch (call) {
	case SYS_pause:
		return 0;
	case SYS_nanosleep:
	case SYS_rt_sigsuspend:
		return 2;
	case SYS_read:
	case SYS_write:
	case SYS_readv:
	case SYS_writev:
	case SYS_poll:
	case SYS_accept:
	case SYS_recvmsg:
	case SYS_sendmsg:
	case SYS_connect:
		return 3;
	case SYS_epoll_wait:
	case SYS_clock_nanosleep:
	case SYS_wait4:
	case SYS_accept4:
	case SYS_rt_sigtimedwait:
		return 4;
	case SYS_select:
	case SYS_ppoll:
	case SYS_waitid:
		return 5;
	default:
		return 6;
	}
}

/* Returns 1 if it runs. "nr a0 a1 a2 a3 a4 a5 sp pc", "-1 sp pc", or "running". */
static int read_syscall(struct reach_thread *t, const char *name)
{
	char path[64] = "/proc/self/task/", text[256];
	size_t n = strlen(path), m = strlen(name);

	memcpy(path + n, name, m);
	memcpy(path + n + m, "/syscall", 9);
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return 0;
	long got = sys_call3(SYS_read, fd, (long)text, sizeof text - 1);
	sys_call3(SYS_close, fd, 0, 0);
	if (got <= 0 || text[0] == 'r')
		return got > 0;
	text[got] = 0;
	const char *at = text;
	if (*at == '-') {
		at += 2;
	} else {
		int used = arity(tasks_number(&at, 10));

		for (int i = 0; i < 6; i++) {
			uintptr_t word = tasks_number(&at, 10);

			if (i < used)
				t->word[t->words++] = word;
		}
	}
	t->sp = tasks_number(&at, 10);
	return 0;
}

/* Reads /proc/self/task/NAME/status and returns what stands behind `label`, 0 if it is not there. */
static const char *status_of(const char *name, const char *label, char *text, size_t size)
{
	long fd = proc_task_status(name), n = sys_failed(fd) ? 0 : sys_call3(SYS_read, fd, (long)text, (long)size - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	text[n > 0 ? n : 0] = 0;
	const char *at = strstr(text, label);
	return at ? at + strlen(label) : 0;
}

/* The number that a task has for itself: the last one of "NSpid:	17 4". */
static uint32_t own_number(const char *name)
{
	char text[2048];
	const char *at = status_of(name, "\nNSpid:", text, sizeof text);
	uintptr_t number = 0;

	while (at && *at == '\t') {
		at++;
		number = tasks_number(&at, 10);
	}
	return (uint32_t)number;
}

/* One that has ended and waits for the end of the others. */
static int is_dead(const char *name)
{
	char text[2048];
	const char *at = status_of(name, "\nState:\t", text, sizeof text);

	return at && (*at == 'Z' || *at == 'X');
}

static int is_proc_foreign(void)
{
	char text[24];
	const char *at = text;
	long n = sys_call3(SYS_readlink, (long)"/proc/self", (long)text, sizeof text - 1);

	text[n > 0 ? n : 0] = 0;
	return n > 0 && tasks_number(&at, 10) != own_pid();
}

int tasks_is_next_apart(void)
{
	static const char name[] = "/proc/thread-self/ns/pid_for_children";
	char children[64], own[64];
	struct stat status;

	if (sys_failed(sys_call3(SYS_lstat, (long)name, (long)&status, 0)))
		return 0;
	long n = sys_call3(SYS_readlink, (long)name, (long)children, sizeof children);
	if (sys_failed(n)) /* without a namespace to name, for that has no process yet */
		return 1;
	return sys_call3(SYS_readlink, (long)"/proc/thread-self/ns/pid", (long)own, sizeof own) != n || memcmp(own, children, (size_t)n) != 0;
}

static void add_task(struct tasks *tasks, const char *name, uint32_t self, const struct snapshot_here *here)
{
	if (tasks->count == tasks->most)
		return;
	struct reach_thread *t = &tasks->thread[tasks->count++];
	const char *at = name;

	t->tid = tasks->is_foreign ? own_number(name) : (uint32_t)tasks_number(&at, 10);
	if (t->tid == self) {
		t->sp = here->sp;
		t->words = here->words;
		memcpy(t->word, here->word, sizeof t->word);
	} else {
		int is_running = read_syscall(t, name);

		if (!t->sp && !is_running && is_dead(name)) {
			tasks->leader_gone |= t->tid == own_pid();
			*t = (struct reach_thread){0};
			tasks->count--;
			return;
		}
		tasks->unstable += !t->sp;
	}
}

/* 0: there is no /proc. Asks for no descriptor. */
static uint64_t task_number(void)
{
	struct {
		uint64_t dev, ino, nlink;
		uint64_t rest[15];
	} status;

	if (sys_failed(sys_call3(SYS_stat, (long)"/proc/self/task", (long)&status, 0)))
		return 0;
	return status.nlink > 2 ? status.nlink - 2 : 1;
}

enum trace_scan_status tasks_read(struct tasks *tasks, uint32_t self, const struct snapshot_here *here)
{
	uint64_t number = task_number(), most = number + 64, size = most * sizeof *tasks->thread + TASKS_LISTING + tasks_queued(most);
	unsigned char *listing;
	long n, at = sys_call6(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(tasks, 0, sizeof *tasks);
	tasks->is_foreign = is_proc_foreign();
	if (sys_failed(at))
		return TRACE_SCAN_NO_MEMORY;
	tasks->thread = (struct reach_thread *)at;
	tasks->most = (uint32_t)most;
	tasks->size = size;
	listing = (unsigned char *)(tasks->thread + most);
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	while (!sys_failed(fd) && (n = sys_call3(SYS_getdents64, fd, (long)listing, TASKS_LISTING)) > 0)
		for (long i = 0; i < n;) {
			struct sys_entry *e = (struct sys_entry *)(listing + i);

			if (e->name[0] != '.')
				add_task(tasks, e->name, self, here);
			i += e->length;
		}
	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	if (!tasks->count && number > 1) {
		tasks_free(tasks);
		return TRACE_SCAN_NO_THREADS;
	}
	if (!tasks->count) {
		char text[24];

		add_task(tasks, note_number(text, self), self, here);
	}
	return TRACE_SCAN_DONE;
}

void tasks_free(struct tasks *tasks)
{
	sys_call3(SYS_munmap, (long)tasks->thread, (long)tasks->size, 0);
}
