/* SPDX-License-Identifier: MIT */
/* Libc calls us back, in several threads: qsort, bsearch, lazily made thread data, exit handlers. */
#include <pthread.h>
#include <search.h>
#include <stdlib.h>

__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
static int compare(const void *a, const void *b) { take(11); return *(const int *)a - *(const int *)b; }
static void visit(const void *n, VISIT v, int d) { (void)n; take((size_t)v + (size_t)d + 1); }
static void *work(void *arg)
{
	int v[64], key = 7;
	void *root = 0;
	for (int i = 0; i < 64; i++) v[i] = (i * 37 + *(int *)arg) % 64;
	qsort(v, 64, sizeof(int), compare);
	take(bsearch(&key, v, 64, sizeof(int), compare) ? 3 : 4);
	for (int i = 0; i < 64; i++) tsearch(&v[i], &root, compare);
	twalk(root, visit);
	return 0;
}
static void last(void) { int n = 3; work(&n); }
int main(void)
{
	pthread_t t[6];
	int n[6];
	atexit(last);
	for (int i = 0; i < 6; i++) n[i] = i, pthread_create(&t[i], 0, work, &n[i]);
	for (int i = 0; i < 6; i++) pthread_join(t[i], 0);
	return 0;
}
