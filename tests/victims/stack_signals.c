/* SPDX-License-Identifier: MIT */
/* Allocations in handlers: on the interrupted stack, on another one, nested, in odd places. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static volatile int hits;
__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
static void inner(int s) { take((size_t)s); hits++; }
static void outer(int s) { take((size_t)s); raise(SIGUSR2); hits++; }
static int compare(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
int main(void)
{
	static char other[1 << 16];
	stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};
	struct itimerval often = {{0, 500}, {0, 500}};
	int v[512];
	sigaltstack(&stack, 0);
	sigaction(SIGUSR2, &(struct sigaction){.sa_handler = inner}, 0);
	sigaction(SIGUSR1, &(struct sigaction){.sa_handler = outer, .sa_flags = SA_ONSTACK}, 0);
	sigaction(SIGPROF, &(struct sigaction){.sa_handler = outer, .sa_flags = SA_RESTART}, 0);
	for (int i = 0; i < 20; i++) take(5), raise(SIGUSR1), take(6), raise(SIGUSR2);
	setitimer(ITIMER_PROF, &often, 0);
	while (hits < 200) { for (int i = 0; i < 512; i++) v[i] = rand(); qsort(v, 512, sizeof(int), compare); }
	return 0;
}
