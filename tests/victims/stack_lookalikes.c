/* SPDX-License-Identifier: MIT */
/* Stacks that agree in their innermost frames, to the byte, and differ further out. */
#include <alloca.h>
#include <stdlib.h>

static unsigned way, seed = 7;
__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
__attribute__((noinline)) static void leaf(size_t n) { take(n); take(n + 1); }
__attribute__((noinline)) static void saver(size_t n) { volatile size_t a[3] = {n, n, n}; leaf(a[1]); leaf(n ^ a[2]); }
__attribute__((noinline)) static void fixed(size_t n) { volatile char *p = alloca(n | 64); p[0] = 1; leaf(n); p[1] = 2; }
__attribute__((noinline)) static void grown(size_t n, int k)
{
	volatile char *p = alloca(n);
	p[0] = (char)k;
	if (k % 3 == 0) take(7); else if (k % 3 == 1) saver(9); else fixed(64);
	p[n - 1] = 1;
}
#define PAD(name) __attribute__((noinline)) static void name(size_t n, int k) { volatile char *p = alloca(n); \
	p[0] = 1; grown(1024 - n, k); p[n - 1] = 2; }
PAD(pad) PAD(pod)
#define TWIN(name) __attribute__((noinline)) static void name(int k) { volatile int a[4] = {k}; \
	unsigned w = way; way >>= 2; if (!k) leaf(5); else next[w & 3](k - 1); a[1]++; }
static void (*next[4])(int);
TWIN(one) TWIN(two) TWIN(three) TWIN(four)
int main(void)
{
	next[0] = one, next[1] = two, next[2] = three, next[3] = four;
	for (int i = 0; i < 600; i++) {
		seed = seed * 1103515245 + 12345, way = seed >> 8, one(i % 9 + 1);
		for (size_t j = 0; j < 5; j++) (j & 1 ? pod : pad)(j & 1 ? 1008 : 16 + j * 32, i);
	}
	return 0;
}
