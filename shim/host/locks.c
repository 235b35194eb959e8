/* SPDX-License-Identifier: MIT */
#include "locks.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "guard.h"
#include "lazy.h"
#include "loaded.h"
#include "proc.h"
#include "real.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define IPC_LOCK 14 /* CAP_IPC_LOCK */

struct mapping {
	uintptr_t start, end;
};

typedef void mapping_function(void *context, const struct mapping *m);

/* "VmFlags: rd wr ...": private memory of the shim, or its trace. */
static int is_ours(const char *flags)
{
	static const char *const of_tables[] = {" nr", " dd", " nh"}, *const of_trace[] = {" nr", " dc", " rr", " sh"};
	int tables = strstr(flags, " wf") || strstr(flags, " dc"), trace = 1;

	for (size_t i = 0; i < sizeof of_tables / sizeof *of_tables; i++)
		tables = tables && strstr(flags, of_tables[i]);
	for (size_t i = 0; i < sizeof of_trace / sizeof *of_trace; i++)
		trace = trace && strstr(flags, of_trace[i]);
	return tables || trace;
}

/* By the linker: where the library's variables begin that no file has, and where they end. Much of that is never touched. */
extern char __bss_start[] __attribute__((visibility("hidden"))), _end[] __attribute__((visibility("hidden")));

static int are_variables(const struct mapping *m)
{
	return m->start >= (uintptr_t)__bss_start && m->start < (uintptr_t)_end;
}

static void take_line(char *line, struct mapping *m, mapping_function *each, void *context)
{
	const char *at = line;

	if (!strncmp(line, "VmFlags:", 8)) {
		if (m->end && !is_ours(line) && !are_variables(m))
			each(context, m);
		m->end = 0;
	} else if ((*line >= '0' && *line <= '9') || (*line >= 'a' && *line <= 'f')) {
		m->start = tasks_number(&at, 16);
		at++;
		m->end = tasks_number(&at, 16);
	}
}

/* Calls `each` for the program's mappings. Returns 0 or -1. */
static int mappings(mapping_function *each, void *context)
{
	char text[4096];
	struct mapping m = {0, 0};
	long fd = proc_open("smaps", O_RDONLY), n, kept = 0;
	int seen = 0;

	while (!sys_failed(fd) && (n = sys_call3(SYS_read, fd, (long)text + kept, (long)sizeof text - 1 - kept)) > 0) {
		char *line = text, *end;

		n += kept;
		for (; (end = memchr(line, '\n', (size_t)(text + n - line))); line = end + 1) {
			*end = 0;
			take_line(line, &m, each, context);
			seen = 1;
		}
		kept = text + n - line;
		memmove(text, line, (size_t)kept);
	}
	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	return seen ? 0 : -1;
}

static void add_size(void *context, const struct mapping *m)
{
	*(uint64_t *)context += m->end - m->start;
}

/* What mlockall does with each: whether its pages can be had it does not ask. */
static void lock_one(void *context, const struct mapping *m)
{
	if (*(int *)context & MCL_ONFAULT)
		sys_call3(SYS_mlock2, (long)m->start, (long)(m->end - m->start), MLOCK_ONFAULT);
	else
		sys_call3(SYS_mlock, (long)m->start, (long)(m->end - m->start), 0);
}

/* As the kernel decides it, by the size of the address space. Returns 0 or an errno. */
static int is_too_much(uint64_t size)
{
	struct rlimit limit = {0, 0};
	char text[4096];
	const char *at;

	sys_call6(SYS_prlimit64, 0, RLIMIT_MEMLOCK, 0, (long)&limit, 0, 0);
	if (limit.rlim_cur == RLIM_INFINITY || (limit.rlim_cur && size <= limit.rlim_cur))
		return 0;
	at = tasks_status(text, sizeof text, "\nCapEff:\t");
	if (at && tasks_number(&at, 16) >> IPC_LOCK & 1)
		return 0;
	return limit.rlim_cur ? ENOMEM : EPERM;
}

static int can_do_it(void)
{
	static const struct guard_call calls[] = {{SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_CLOEXEC}},
						  {SYS_read, {3, 0, 4096}},
						  {SYS_close, {3}},
						  {SYS_prlimit64, {0, RLIMIT_MEMLOCK}},
						  {SYS_mlock, {0, 4096}},
						  {SYS_mlock2, {0, 4096, MLOCK_ONFAULT}}};

	return guard_lets(calls, sizeof calls / sizeof *calls, 0);
}

static int fail(int error)
{
	errno = error;
	return -1;
}

API int mlockall(int flags)
{
	static int (*next)(int);
	uint64_t size = 0;
	int saved = errno, error;

	if (!next && real_ready())
		next = (__typeof__(next))loaded_next("mlockall");
	if (!next)
		return fail(ENOSYS);
	if (!(flags & MCL_CURRENT) || flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) {
		int result = next(flags);

		lazy_is_locked |= !result && flags & MCL_FUTURE;
		return result;
	}
	if (!can_do_it() || mappings(add_size, &size)) /* nothing becomes real before it is touched */
		return next(flags | MCL_ONFAULT);
	error = is_too_much(size);
	if (error)
		return fail(error);
	if (flags & MCL_FUTURE) {
		if (next(flags & ~MCL_CURRENT))
			return -1;
		lazy_is_locked = 1;
	}
	mappings(lock_one, &flags);
	errno = saved;
	return 0;
}
