/* SPDX-License-Identifier: MIT */
/* Coroutines that hand over to each other, on stacks that are freed and used again. */
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>

enum { SIZE = 1 << 16, MANY = 5 };
static ucontext_t home, routine[MANY];
__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
__attribute__((noinline)) static void work(int me, int n)
{
	take((size_t)n + 1);
	if (n) work(me, n - 1);
	else swapcontext(&routine[me], &routine[(me + 1) % MANY]);
	take((size_t)n + 7);
}
static void body(int me) { for (int i = 0; i < 20; i++) work(me, i % 9 + me); }
int main(void)
{
	for (volatile int round = 0; round < 8; round++) {
		char *stack[MANY];
		for (int i = 0; i < MANY; i++) {
			stack[i] = round & 1 ? malloc(SIZE) : mmap(0, SIZE, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			getcontext(&routine[i]);
			routine[i].uc_stack.ss_sp = stack[i], routine[i].uc_stack.ss_size = SIZE, routine[i].uc_link = &home;
			makecontext(&routine[i], (void (*)(void))body, 1, i);
		}
		swapcontext(&home, &routine[0]);
		for (int i = 0; i < MANY; i++)
			if (round & 1) free(stack[i]); else munmap(stack[i], SIZE);
	}
	return 0;
}
