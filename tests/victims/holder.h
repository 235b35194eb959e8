/* SPDX-License-Identifier: MIT */
#ifndef HOLDER_H
#define HOLDER_H
/* For victims that hold one block of 1337 bytes in one way only: make() leaves no copy behind, and
 * lose() makes the block a leak by clearing the holder. */
#include "victim.h"
#include <fcntl.h>
#include <sys/mman.h>

static int is_lost __attribute__((unused));
static size_t hidden_size __attribute__((unused)) = 1337;

static __attribute__((noinline)) uintptr_t make_hidden(void)
{
	char *block = malloc(hidden_size);

	memset(block, 'x', hidden_size);
	return ~(uintptr_t)block;
}

/* Overwrites what calls left on the stack and in registers. */
static __attribute__((noinline)) void scrub(void)
{
	volatile char junk[16384];

	for (size_t i = 0; i < sizeof junk; i++)
		junk[i] = 1;
	__asm__ volatile("xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi; xor %%edi, %%edi; xor %%r8d, %%r8d;"
			 "xor %%r9d, %%r9d; xor %%r10d, %%r10d; xor %%r11d, %%r11d"
			 : : : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
}

/* Puts a new block's address to `where`, or a lost one's. */
static __attribute__((noinline, unused)) void hold(void *where, uintptr_t change)
{
	uintptr_t hidden = make_hidden();

	*(volatile uintptr_t *)where = is_lost ? 0 : ~hidden + change;
	scrub();
}
#endif
