/* SPDX-License-Identifier: MIT */
#ifndef VICTIM_H
#define VICTIM_H
/* What several victims share: the ways to end, and a sink that no optimizer and no reachability scan sees
 * through: what it keeps is lost. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile uintptr_t kept;

static inline void keep(void *block)
{
	kept = ~(uintptr_t)block;
}

static inline void *last_kept(void)
{
	return (void *)~kept;
}

/* Overwrites what calls have left on the stack and in registers: a stale word would still count as a pointer. */
static inline void forget(void)
{
	volatile char stale[8192];

	for (size_t i = 0; i < sizeof stale; i++)
		stale[i] = 0;
#ifdef __x86_64__
	__asm__ volatile("xor %%edx, %%edx; xor %%esi, %%esi; xor %%edi, %%edi; xor %%r8d, %%r8d; xor %%r9d, %%r9d;"
			 "xor %%r10d, %%r10d; xor %%r11d, %%r11d"
			 ::: "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
#endif
}

/* Returns what main should return, where the way to end is "return". */
static inline int end(const char *way, char **argv)
{
	if (!strcmp(way, "exit"))
		exit(3);
	if (!strcmp(way, "_exit"))
		_exit(4);
	if (!strcmp(way, "_Exit"))
		_Exit(5);
	if (!strcmp(way, "quick_exit"))
		quick_exit(6);
	if (!strcmp(way, "abort"))
		abort();
	if (!strcmp(way, "segv"))
		*(volatile int *)8 = 1;
	if (!strcmp(way, "term"))
		raise(SIGTERM);
	if (!strcmp(way, "kill"))
		kill(getpid(), SIGKILL);
	if (!strcmp(way, "exec"))
		execl("/bin/true", "true", (char *)0);
	if (!strcmp(way, "exec_self"))
		execl(argv[0], argv[0], "exit", (char *)0);
	if (!strcmp(way, "pause"))
		for (;;)
			pause();
	return 2;
}
#endif
