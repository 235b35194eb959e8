/* SPDX-License-Identifier: MIT */
/* Who we are. See own.h. */
#include "own.h"

#include <pthread.h>

#include "sys.h"
#include "rules.h"

#define DESCRIPTOR_SIZE 2304u
#define MUSL_DESCRIPTOR 192u

/* Not wiped by a fork. */
static uint32_t pid, offset;
static int is_musl;

void own_start(void)
{
	uintptr_t tcb = (uintptr_t)pthread_self();
	uint32_t tid = own_tid();

	own_pid();
	const uintptr_t *words = (const uintptr_t *)tcb;

	if (words[0] != tcb || words[2] != tcb)
		return; /* neither glibc's nor musl's */
	is_musl = words[3] == tcb; /* a ring of one thread; with glibc whether there are several */
	for (uint32_t i = is_musl ? 32 : 64; i < (is_musl ? MUSL_DESCRIPTOR : DESCRIPTOR_SIZE); i += 4)
		if (*(const uint32_t *)(tcb + i) == tid) {
			offset = i;
			return;
		}
}

uint32_t own_tid_offset(void)
{
	return offset;
}

int own_is_musl(void)
{
	return is_musl;
}

uint32_t own_pid(void)
{
	long r = sys_call3(SYS_getpid, 0, 0, 0);

	if (r > 0 && (uint32_t)r != pid)
		pid = (uint32_t)r;
	return pid;
}

uint32_t own_tid(void)
{
	long r = sys_call3(SYS_gettid, 0, 0, 0);
	uintptr_t tcb = (uintptr_t)pthread_self();

	if (r > 0)
		return (uint32_t)r;
	return offset ? *(const uint32_t *)(tcb + offset) : (uint32_t)(tcb >> 12);
}

uint32_t own_pid_of_child(void)
{
	long r = sys_call3(SYS_getpid, 0, 0, 0);

	pid = r > 0 ? (uint32_t)r : own_tid();
	return pid;
}
