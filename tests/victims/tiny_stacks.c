/* SPDX-License-Identifier: MIT */
/* A thread with the smallest stack (16 KiB) and a handler on an alternate stack of 8 KiB both leak. A
 * good report has 10 blocks of each, or says which stacks were cut; the program must not crash. */
#include <limits.h>
#include "victim.h"

static char alternate[8192];

static void leak_in_handler(int number)
{
	for (int i = 0; i < 10; i++)
		keep(malloc((size_t)number));
}

static void *leak_in_thread(void *unused)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(55));
	return unused;
}

int main(void)
{
	pthread_attr_t small;
	pthread_t thread;
	stack_t stack = {.ss_sp = alternate, .ss_size = sizeof alternate};
	struct sigaction act = {.sa_handler = leak_in_handler, .sa_flags = SA_ONSTACK};

	pthread_attr_init(&small);
	if (pthread_attr_setstacksize(&small, 16384) || sigaltstack(&stack, 0))
		return 2;
	pthread_create(&thread, &small, leak_in_thread, 0);
	pthread_join(thread, 0);
	sigaction(SIGWINCH, &act, 0);
	return raise(SIGWINCH);
}
