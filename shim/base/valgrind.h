/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_VALGRIND_H
#define LEAKSHIM_VALGRIND_H
/*
 * Does the program run under Valgrind? It understands instructions that do nothing on a processor: the macro
 * RUNNING_ON_VALGRIND of Valgrind's header valgrind.h (client requests, request 0x1001), for amd64.
 */
#include <stdint.h>

static inline int valgrind_runs(void)
{
#ifdef __x86_64__
	volatile uint64_t request[6] = {0x1001, 0, 0, 0, 0, 0};
	uint64_t result = 0;

	__asm__ volatile("rolq $3, %%rdi; rolq $13, %%rdi; rolq $61, %%rdi; rolq $51, %%rdi; xchgq %%rbx, %%rbx"
			 : "=d"(result)
			 : "a"(&request[0]), "0"(result)
			 : "cc", "memory");
	return result != 0;
#else
	return 0;
#endif
}
#endif
