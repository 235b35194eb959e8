/* SPDX-License-Identifier: MIT */
/* Counted buffers of the program itself; its functions are not exported. What it does: see main. */
#include <stdlib.h>
#include <string.h>

struct buf *buf_new(void);
void buf_retain(struct buf *b), buf_release(struct buf *b);
struct buf { int count; char data[60]; };
__attribute__((noinline)) struct buf *buf_new(void)
{
	struct buf *b = calloc(1, sizeof(*b));
	b->count = 1;
	return b;
}
__attribute__((noinline)) void buf_retain(struct buf *b) { b->count++; }
__attribute__((noinline)) void buf_release(struct buf *b) { if (--b->count == 0) free(b); }

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct buf *b = buf_new();
	for (int i = 0; i < 5000; i++)
		buf_retain(b), buf_release(b);
	if (!strcmp(what, "held")) { buf_retain(b); free(b); return 0; }
	if (!strcmp(what, "leak")) { buf_retain(b); buf_release(b); b = 0; return 0; }
	buf_release(b);
	if (!strcmp(what, "twice")) buf_release(b);
	if (!strcmp(what, "late")) buf_retain(b);
}
