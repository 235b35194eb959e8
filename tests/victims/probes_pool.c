/* SPDX-License-Identifier: MIT */
/* Buffers cut from memory that is no malloc block of theirs: from one mapping, or from one large block (argv[1]), which may be
 * let go as a whole. One is still pointed at, two are lost, the others were released. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct buf { int count; char data[60]; };
struct buf *buf_new(void);
void buf_release(struct buf *b);
static char *pool;
static struct buf *kept;
static int used;

__attribute__((noinline)) struct buf *buf_new(void)
{
	struct buf *b = (struct buf *)(pool + 4096 + 64 * used++);
	b->count = 1;
	return b;
}
__attribute__((noinline)) void buf_release(struct buf *b) { b->count--; }

static void work(void)
{
	for (int i = 0; i < 20; i++) {
		struct buf *b = buf_new();
		if (i == 7) kept = b;
		else if (i != 9 && i != 15) buf_release(b);
	}
}

int main(int argc, char **argv)
{
	volatile char deep[8192];
	if (argc > 1 && strcmp(argv[1], "mapping")) pool = malloc(1 << 16);
	else pool = mmap(0, 1 << 16, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	work();
	if (argc > 1 && !strcmp(argv[1], "let go")) free(pool);
	for (unsigned i = 0; i < sizeof deep; i++) deep[i] = 0;
	return 0;
}
