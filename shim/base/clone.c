/* SPDX-License-Identifier: MIT */
/* Processes without the program's open files. Laws in clone.h. */
#include "clone.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>

#include "guard.h"
#include "sys.h"
#include "rules.h"

long clone_onto(void *stack_top, long flags, void (*entry)(void *), void *data)
{
	uintptr_t *stack = (uintptr_t *)((uintptr_t)stack_top & ~(uintptr_t)15);
	struct guard_call call = {SYS_clone, {flags}};
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	long result;

	if (!guard_lets(&call, 1, 0))
		return -EPERM;
	*--stack = (uintptr_t)data;
	*--stack = (uintptr_t)entry;
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "pop %%rax\n\t"
			 "pop %%rdi\n\t"
			 "call *%%rax\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(result)
			 : "a"((long)SYS_clone), "D"(flags), "S"(stack), "d"(0l), "r"(r10), "r"(r8)
			 : "rcx", "r11", "memory");
	return result;
}

/* Kernels before 5.9: the table is a copy, of which what is open is closed one by one. */
static long empty_copy(int first)
{
	unsigned char list[1024];
	long r, fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return fd;
	while ((r = sys_call3(SYS_getdents64, fd, (long)list, sizeof list)) > 0)
		for (long at = 0; at < r;) {
			const struct sys_entry *e = (const struct sys_entry *)(list + at);
			long one = 0;

			for (const char *c = e->name; *c >= '0' && *c <= '9'; c++)
				one = one * 10 + (*c - '0');
			if (e->name[0] != '.' && one >= first && one != fd)
				sys_call3(SYS_close, one, 0, 0);
			at += e->length;
		}
	sys_call3(SYS_close, fd, 0, 0);
	return r;
}

/* Somebody who waited too long may have cleared it. */
static void let_go(uint32_t *held)
{
	if (__atomic_load_n(held, __ATOMIC_SEQ_CST))
		__atomic_fetch_sub(held, 1, __ATOMIC_SEQ_CST);
}

long clone_table(uint32_t *held)
{
	if (!sys_call3(SYS_close_range, ~0u, ~0u, 0)) /* of nothing: is there such a call? */
		return CLONE_FILES;
	__atomic_fetch_add(held, 1, __ATOMIC_SEQ_CST);
	return 0;
}

void clone_failed(long table, uint32_t *held)
{
	if (!table)
		let_go(held);
}

long clone_leave(long table, int keep_stderr, uint32_t *held)
{
	int first = keep_stderr ? 3 : 0;
	long r;

	if (table) {
		__atomic_fetch_add(held, 1, __ATOMIC_SEQ_CST);
		r = sys_call3(SYS_close_range, first, ~0u, CLOSE_RANGE_UNSHARE);
	} else {
		r = empty_copy(first);
	}
	if (!sys_failed(r) && keep_stderr) {
		sys_call3(SYS_close, 0, 0, 0);
		sys_call3(SYS_close, 1, 0, 0);
	}
	let_go(held);
	return r;
}
