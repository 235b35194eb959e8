/* SPDX-License-Identifier: MIT */
/* Numbers that are blocks of their own or lie in something else, as OpenSSL's BIGNUM: num_clear frees only what num_new made.
 * argv[1]: what is at the address of one that was cleared when num_clear is called there again. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct num { long digits[4]; int is_block; char more[]; };
struct holder { char before[2016]; struct num inside; char after[1900]; };
static struct num fixed;

__attribute__((noinline)) struct num *num_new(size_t more)
{
	struct num *n = malloc(sizeof *n + more);
	n->is_block = 1;
	return n;
}
__attribute__((noinline)) struct num *num_at(struct num *n) { n->is_block = 0; return n; }
__attribute__((noinline)) void num_clear(struct num *n)
{
	memset(n->digits, 0, sizeof n->digits);
	if (n->is_block) { n->is_block = 0; free(n); }
}

/* A holder whose number lies where a number was that is a block of its own. */
static struct holder *hold(void)
{
	char *before = malloc(2000);
	struct num *n = num_new(1960);
	void *guard = malloc(100);
	free(before);
	num_clear(n);
	struct holder *h = calloc(1, sizeof *h);
	if (&h->inside != n) exit(3);
	free(guard);
	return h;
}

int main(int argc, char **argv)
{
	struct num *n, *m;
	struct holder *h;
	if (!strcmp(argv[1], "nothing")) { n = num_new(0); num_clear(n); num_clear(n); }
	if (!strcmp(argv[1], "other blocks have come and gone")) {
		n = num_new(0); num_clear(n);
		for (int i = 0; i < 1000; i++) free(malloc(100 + i % 500));
		num_clear(n);
	}
	if (!strcmp(argv[1], "a block around it"))
		for (int i = 0; i < 10; i++) { h = hold(); num_clear(&h->inside); num_clear(&h->inside); free(h); }
	if (!strcmp(argv[1], "a block that came again"))
		{ h = hold(); free(h); h = calloc(1, sizeof *h); num_clear(&h->inside); free(h); }
	if (!strcmp(argv[1], "a block around it that is gone")) { h = hold(); num_clear(&h->inside); free(h); num_clear(&h->inside); }
	if (!strcmp(argv[1], "a block of another shape"))
		for (int i = 0; i < 1000; i++) { n = num_new(0); num_clear(n); m = calloc(1, sizeof *m); num_clear(m); free(m); }
	if (!strcmp(argv[1], "a mapping")) {
		n = num_new(1 << 20); num_clear(n);
		void *page = (void *)((size_t)n & -4096ul);
		if (mmap(page, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != page) exit(3);
		num_clear(n);
	}
	if (!strcmp(argv[1], "a number that never was a block")) { n = num_at(&fixed); num_clear(n); fixed.is_block = 0; num_clear(n); }
	return 0;
}
