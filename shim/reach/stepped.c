/* SPDX-License-Identifier: MIT */
/* A parent that follows. Laws in stepped.h. */
#include "stepped.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

#include "area.h"
#include "live.h"
#include "proc.h"
#include "settings.h"
#include "sys.h"
#include "rules.h"

static uint32_t told_of;

void stepped_open(void)
{
	if (settings.step)
		area_take(TRACE_AREA_PARTED, TRACE_PARTED_MOST);
}

/* What follows a name in the text of a status. */
static const char *field(const char *text, const char *name)
{
	size_t size = strlen(name);

	while (*text && strncmp(text, name, size))
		text++;
	return *text ? text + size : text;
}

/* Does a set of signals, as hexadecimal digits, have the one of breakpoints? */
static int has_trap(const char *digits)
{
	uint64_t set = 0;

	for (; (*digits >= '0' && *digits <= '9') || (*digits >= 'a' && *digits <= 'f'); digits++)
		set = set << 4 | (uint64_t)(*digits <= '9' ? *digits - '0' : *digits - 'a' + 10);
	return (int)(set >> 4 & 1); /* SIGTRAP is 5 */
}

/* The process that traces the calling thread;
 * 0: none, or not known, or it may not be told. */
static uint64_t tracer(void)
{
	char text[4096];
	long fd = proc_open("status", O_RDONLY), got;
	const char *at;
	uint64_t pid = 0;

	if (fd < 0)
		return 0;
	got = sys_call3(SYS_read, fd, (long)text, (long)sizeof text - 1);
	sys_call3(SYS_close, fd, 0, 0);
	if (got <= 0)
		return 0;
	text[got] = 0;
	if (has_trap(field(text, "\nSigBlk:\t")) || has_trap(field(text, "\nSigIgn:\t")) || has_trap(field(text, "\nSigCgt:\t")))
		return 0;
	if (strncmp(field(text, "\nThreads:\t"), "1\n", 2)) {
		__atomic_store_n(&told_of, STEPPED_MOST, __ATOMIC_RELAXED); /* nobody asks again */
		return 0;
	}
	for (at = field(text, "\nTracerPid:\t"); *at >= '0' && *at <= '9'; at++)
		pid = pid * 10 + (uint64_t)(*at - '0');
	return pid;
}

static int may_tell(void)
{
	if (!settings.step || __atomic_load_n(&told_of, __ATOMIC_RELAXED) >= STEPPED_MOST || tracer() != settings.step)
		return 0;
	__atomic_fetch_add(&told_of, 1, __ATOMIC_RELAXED);
	return 1;
}

void stepped_tell(uintptr_t address, uint64_t size, uint32_t site, const struct live_caller *from)
{
	if (!may_tell())
		return;
#ifdef __x86_64__
	register uint64_t sp __asm__("r8") = from->sp;

	__asm__ volatile("int3" : : "a"(TRACE_FOLLOW_WORD), "D"(address), "S"(size), "d"(site), "c"(from->pc), "r"(sp) : "memory");
#else
	(void)address, (void)size, (void)site, (void)from;
#endif
}

void stepped_tell_gone(uintptr_t address)
{
	if (!may_tell())
		return;
#ifdef __x86_64__
	__asm__ volatile("int3" : : "a"(TRACE_FOLLOW_GONE), "D"(address) : "memory");
#else
	(void)address;
#endif
}
