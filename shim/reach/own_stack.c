/* SPDX-License-Identifier: MIT */
/* Laws in own_stack.h. */
#include "own_stack.h"

#include <sys/mman.h>

#include "guard.h"
#include "sys.h"
#include "rules.h"

#define SIZE (256ul << 10)
#define AT_ONCE 16

static uintptr_t stacks[AT_ONCE]; /* in use */

static uintptr_t *place_for(uintptr_t stack)
{
	for (int i = 0; i < AT_ONCE; i++) {
		uintptr_t none = 0;

		if (__atomic_compare_exchange_n(&stacks[i], &none, stack, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return &stacks[i];
	}
	return 0;
}

static uintptr_t map(void)
{
	struct guard_call calls[] = {
		{SYS_mmap, {0, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0}},
		{SYS_munmap, {0, SIZE}},
	};
	long at = guard_lets(calls, 2, 0) ? sys_call6(SYS_mmap, 0, SIZE, PROT_READ | PROT_WRITE,
						      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
					  : -1;

	return sys_failed(at) ? 0 : (uintptr_t)at;
}

/* The frame pointer leads back, for whoever walks the stack meanwhile. */
static __attribute__((noinline)) void call_on(uintptr_t top, void (*work)(void *), void *data)
{
	__asm__ volatile("mov %%rsp, %%rbx\n\t"
			 "mov %[top], %%rsp\n\t"
			 "call *%[work]\n\t"
			 "mov %%rbx, %%rsp"
			 : "+D"(data)
			 : [top] "r"(top), [work] "r"(work)
			 : "rax", "rbx", "rcx", "rdx", "rsi", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4",
			   "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "cc",
			   "memory");
}

void own_stack_run(void (*work)(void *), void *data)
{
	uintptr_t stack = map(), *place = stack ? place_for(stack) : 0;

	if (place) {
		call_on(stack + SIZE, work, data);
		__atomic_store_n(place, 0, __ATOMIC_RELAXED);
	} else {
		work(data);
	}
	if (stack)
		sys_call3(SYS_munmap, (long)stack, SIZE, 0);
}

struct reach_region own_stack_here(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);

	for (int i = 0; i < AT_ONCE; i++)
		if (stacks[i] && sp - stacks[i] < SIZE)
			return (struct reach_region){stacks[i], SIZE};
	return (struct reach_region){0, 0};
}
