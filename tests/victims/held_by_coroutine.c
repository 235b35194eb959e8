/* SPDX-License-Identifier: MIT */
/* A block held only by a suspended coroutine, whose stack is a mapping or a block (argv[1]), or "lost". */
#include "holder.h"
#include <ucontext.h>

static ucontext_t here, there;
static void *stack;

static void body(void)
{
	void *on_stack = 0;

	hold(&on_stack, 0);
	swapcontext(&there, &here);
	keep(on_stack);
}

int main(int argc, char **argv)
{
	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	stack = strcmp(argv[1], "block")
			? mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
			: malloc(1 << 16);
	getcontext(&there);
	there.uc_stack.ss_sp = stack;
	there.uc_stack.ss_size = 1 << 16;
	makecontext(&there, body, 0);
	swapcontext(&here, &there);
	scrub();
	return 0;
}
