/* SPDX-License-Identifier: MIT */
/* Making the child that takes the image. Laws in image.h. */
#include "image.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "area.h"
#include "clone.h"
#include "guard.h"
#include "modest.h"
#include "note.h"
#include "proc.h"
#include "sys.h"
#include "tail.h"
#include "tasks.h"
#include "rules.h"

#define STACK 16384u  /* of the child until its execution */
#define PATH 1024u
#define ATTEMPTS 4

struct launch {
	struct image_plan plan;
	char file[PATH]; /* this library */
	char trace[PATH];
	char memory[24], where[24];
	uint32_t *running; /* the child's number while there is one */
	int is_random;
	const struct reach_cut *cut;
	unsigned char stack[STACK] __attribute__((aligned(16)));
};

/* The path of the file that is mapped at `address`. */
static int path_at(uintptr_t address, char *path)
{
	char text[4096];
	long n, kept = 0, fd = proc_open("maps", O_RDONLY);
	int result = -1;

	while (result && !sys_failed(fd) && (n = sys_call3(SYS_read, fd, (long)text + kept, (long)sizeof text - kept)) > 0) {
		char *line = text, *end;

		n += kept;
		while (result && (end = memchr(line, '\n', (size_t)(text + n - line)))) {
			const char *at = line;
			uintptr_t start = tasks_number(&at, 16);

			*end = 0;
			at++;
			if (start <= address && address < tasks_number(&at, 16) && (at = strchr(at, '/')) && strlen(at) < PATH) {
				memcpy(path, at, strlen(at) + 1);
				result = 0;
			}
			line = end + 1;
		}
		kept = text + n - line;
		memmove(text, line, (size_t)kept);
	}
	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	return result;
}

/* Shares our memory until it executes. */
static void start(void *data)
{
	struct launch *l = data;
	char *arguments[] = {(char *)"leakshim-scan", l->memory, l->where, 0}, *none[] = {0};
	__atomic_store_n(l->running, (uint32_t)sys_call3(SYS_getpid, 0, 0, 0), __ATOMIC_SEQ_CST);
	long now = sys_call3(SYS_personality, 0xffffffff, 0, 0);

	sys_call3(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL, 0);
	reach_modest(l->cut);
	if (!l->is_random && !sys_failed(now)) /* then our own few mappings lie where the program's hardly do */
		sys_call3(SYS_personality, now | ADDR_NO_RANDOMIZE, 0, 0);
	sys_call3(SYS_execve, (long)l->file, (long)arguments, (long)none);
	sys_leave(SYS_exit_group, IMAGE_IMPOSSIBLE);
}

static int run(struct launch *l)
{
	siginfo_t info;
	int status = 0;
	long pid = clone_onto(l->stack + STACK, CLONE_VM | CLONE_VFORK, start, l);

	if (sys_failed(pid))
		return -1;
	while (sys_call6(SYS_waitid, P_PID, pid, (long)&info, WEXITED | WNOWAIT | __WALL, 0, 0) == -4 /* EINTR */)
		continue;
	__atomic_store_n(l->running, 0, __ATOMIC_SEQ_CST); /* before the number can be another process's */
	while (sys_call6(SYS_wait4, pid, (long)&status, __WALL, 0, 0, 0) == -4)
		continue;
	if (status & 127)
		return (status & 127) == SIGKILL ? -2 : -1;
	return status >> 8;
}

static void hexadecimal(char *to, uintptr_t number)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*to++ = "0123456789abcdef"[number >> shift & 15];
	*to = 0;
}

/* Across an execution. */
static long open_kept(const char *name)
{
	char path[PROC_NAME] = "/proc/self/";

	memcpy(path + strlen(path), name, strlen(name) + 1);
	return sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY, 0, 0, 0);
}

static void close_all(const struct image_plan *plan)
{
	const long fd[] = {plan->open.memory, plan->open.maps, plan->open.pages, plan->trace};

	for (size_t i = 0; i < sizeof fd / sizeof *fd; i++)
		if (!sys_failed(fd[i]))
			sys_call3(SYS_close, fd[i], 0, 0);
}

static int open_all(struct launch *l)
{
	l->plan.open.memory = open_kept("mem");
	l->plan.open.maps = open_kept("maps");
	l->plan.open.pages = open_kept("pagemap");
	l->plan.trace = sys_call6(SYS_openat, AT_FDCWD, (long)l->trace, O_RDWR | O_NOFOLLOW, 0, 0, 0);
	return sys_failed(l->plan.open.memory) || sys_failed(l->plan.open.maps) || sys_failed(l->plan.open.pages) ||
	       sys_failed(l->plan.trace);
}

static uintptr_t thread_register(void)
{
	uintptr_t at = 0;

	return sys_call3(SYS_arch_prctl, 0x1003 /* ARCH_GET_FS */, (long)&at, 0) ? 0 : at;
}

int image_run(const struct reach_cut *cut, uintptr_t stack, void (*go)(void *, const struct reach_image *), void *data)
{
	struct launch l;
	int result = -1;

	/* a page may come from a thread of the program, and a filter be meant for the program only */
	if (tail_faults || guard_is_deadly())
		return -1;
	l.plan = (struct image_plan){.header = (uintptr_t)cut->header,
				     .reserved = cut->reserved,
				     .proof = (uintptr_t)&cut->scan->memory_kib,
				     .privates = cut->privates,
				     .private_count = cut->private_count,
				     .code = {(uintptr_t)image_run, (uintptr_t)memchr},
				     .begin = (uintptr_t)image_begin,
				     .thread = thread_register(),
				     .stack = stack,
				     .go = go,
				     .data = data};
	l.running = &cut->scan->image;
	l.cut = cut;
	if (path_at((uintptr_t)image_run, l.file) || path_at((uintptr_t)cut->header, l.trace))
		return -1;
	hexadecimal(l.where, (uintptr_t)&l.plan);
	if (!open_all(&l)) {
		const char *text = note_number(l.memory, l.plan.open.memory);

		memmove(l.memory, text, strlen(text) + 1);
		for (int i = 0; i < ATTEMPTS && (!i || result == IMAGE_TAKEN); i++) {
			l.is_random = i > 0;
			result = run(&l);
		}
	}
	close_all(&l.plan);
	return result == IMAGE_TAKEN || result == IMAGE_IMPOSSIBLE ? -1 : result;
}
