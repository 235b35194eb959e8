/* SPDX-License-Identifier: MIT */
/* Frames of every shape: alloca, variable arrays, realigned stacks, tail calls, noreturn. */
#include <alloca.h>
#include <stdlib.h>
#include <string.h>

typedef int wide __attribute__((vector_size(32)));
__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
__attribute__((noinline)) static void tail(size_t n) { take(n + 1); }
__attribute__((noinline)) static int with_alloca(size_t n) { char *p = alloca(n); memset(p, 1, n); tail(n); return p[n / 2]; }
__attribute__((noinline)) static int with_array(size_t n) { volatile char p[n]; p[n - 1] = 2; take(n); return p[n - 1]; }
__attribute__((noinline)) static int realigned(size_t n)
{
	volatile wide v = {(int)n};
	volatile _Alignas(64) char line[128] = {0};
	return with_alloca(n) + with_array(n + 9) + v[0] + line[5];
}
__attribute__((noinline)) static int realigned_alloca(size_t n) { volatile wide v = {1}; char *p = alloca(n); p[0] = 1; return realigned(n) + v[0] + p[0]; }
__attribute__((noinline, noreturn)) static void never_returns(int r) { take(8); exit(r & 0); }
int main(int argc, char **argv)
{
	int r = argv[0][0];
	for (size_t i = 1; i < 400; i++)
		r += i & 1 ? realigned(i) : realigned_alloca(i + (size_t)argc);
	never_returns(r);
}
