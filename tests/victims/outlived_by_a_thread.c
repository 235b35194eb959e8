/* SPDX-License-Identifier: MIT */
/* main ends by pthread_exit, a thread goes on: it loses 7 blocks (lose), holds one in a variable, one in a mapping and one
 * on its stack (hold), prints "ready" and stays for argv[1] seconds. What main held alone on its stack is lost too. */
#include "victim.h"
#include <sys/mman.h>

static void *in_variable, **in_mapping;

static __attribute__((noinline)) void lose(void)
{
	for (int i = 0; i < 7; i++)
		keep(malloc(111));
}

static __attribute__((noinline)) void hold(void)
{
	in_variable = malloc(333);
	in_mapping[9] = malloc(222);
	lose();
}

static __attribute__((noinline)) void *hold_one(void)
{
	return malloc(444);
}

static __attribute__((noinline)) void clear(void)
{
	volatile char clean[4096];

	for (size_t i = 0; i < sizeof clean; i++)
		clean[i] = 0;
}

static void *go_on(void *seconds)
{
	void *volatile on_stack = hold_one();

	usleep(100000);
	hold();
	clear();
	if (write(1, "ready\n", 6) == 6)
		sleep((unsigned)(intptr_t)seconds);
	exit(on_stack == 0);
}

static __attribute__((noinline)) void *hold_in_vain(void)
{
	return malloc(555);
}

int main(int argc, char **argv)
{
	void *volatile gone = hold_in_vain();
	pthread_t thread;

	in_mapping = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_create(&thread, 0, go_on, (void *)(intptr_t)(argc > 1 ? atoi(argv[1]) : 0));
	keep(gone);
	pthread_exit(0);
}
