/* SPDX-License-Identifier: MIT */
/* Names of system calls: see system_calls.h. */
#include <sys/syscall.h>

#include "system_calls.h"

static const struct {
	uint32_t number;
	const char *name;
} names[] = {
#define CALL(name) { SYS_##name, #name }
	CALL(access), CALL(brk), CALL(clock_gettime), CALL(clone), CALL(close), CALL(close_range), CALL(dup2),
	CALL(execve), CALL(exit), CALL(exit_group), CALL(fcntl), CALL(fstat), CALL(ftruncate), CALL(futex),
	CALL(getcwd), CALL(getdents64), CALL(geteuid), CALL(getpid), CALL(getppid), CALL(gettid), CALL(getuid),
	CALL(ioctl), CALL(kill), CALL(lseek), CALL(madvise), CALL(membarrier), CALL(mincore), CALL(mkdir), CALL(mmap),
	CALL(mprotect), CALL(munmap), CALL(nanosleep), CALL(newfstatat), CALL(openat), CALL(pipe2), CALL(prctl),
	CALL(pread64), CALL(prlimit64), CALL(process_vm_readv), CALL(pwrite64), CALL(read), CALL(readlink),
	CALL(readlinkat), CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(sched_yield), CALL(setitimer),
	CALL(setpriority), CALL(stat), CALL(tee), CALL(tgkill), CALL(unlink), CALL(unlinkat), CALL(wait4), CALL(write),
#undef CALL
};

const char *system_call_name(struct pool *p, uint32_t number)
{
	for (unsigned i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].number == number)
			return names[i].name;
	return pool_print(p, "system call %u", number);
}

const char *system_call_names(struct pool *p, const uint64_t *bits, unsigned words)
{
	const char *text = NULL;

	for (uint32_t i = 0; i < 64 * words; i++)
		if (bits[i / 64] >> i % 64 & 1)
			text = pool_print(p, "%s%s%s", text ? text : "", text ? ", " : "", system_call_name(p, i));
	return text;
}
