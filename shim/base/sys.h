/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SYS_H
#define LEAKSHIM_SYS_H
/*
 * Raw system calls for x86_64 Linux: no errno, no cancellation point, no libc.
 * Each returns the kernel's value, -errno on failure. Async-signal-safe.
 *
 * sys_call: a call of ours. Where a filter may be in force it is made only if that lets it pass (guard.h), and fails with
 * EPERM otherwise. sys_host: a call that the program asked for, which is made in any case.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

static inline long sys_host6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}

static inline long sys_host3(long n, long a, long b, long c)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(n), "D"(a), "S"(b), "d"(c)
			 : "rcx", "r11", "memory");
	return result;
}

/* guard.c: looks whether the call may be made, and notes it in the trace while it is. */
long sys_call6(long n, long a, long b, long c, long d, long e, long f) __attribute__((visibility("hidden")));

static inline long sys_call3(long n, long a, long b, long c)
{
	return sys_call6(n, a, b, c, 0, 0, 0);
}

/* Ends the calling process or thread. */
static inline void __attribute__((noreturn)) sys_leave(long n, long status)
{
	for (;;)
		sys_host3(n, status, 0, 0);
}

static inline int sys_failed(long result)
{
	return (unsigned long)result > -4096ul;
}

/* What getdents64 fills a buffer with. */
struct sys_entry {
	uint64_t inode;
	int64_t next;
	uint16_t length; /* of this entry, to the next one */
	uint8_t type;
	char name[];
};
#endif
