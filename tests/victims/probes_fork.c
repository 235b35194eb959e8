/* SPDX-License-Identifier: MIT */
/* A fork child loses two buffers of its own; the parent's one is released by the parent. */
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

struct buf { int count; char data[60]; };
struct buf *buf_new(void) { struct buf *b = calloc(1, sizeof(*b)); b->count = 1; return b; }
void buf_retain(struct buf *b) { b->count++; }
void buf_release(struct buf *b) { if (--b->count == 0) free(b); }

int main(void)
{
	struct buf *b = buf_new();
	if (fork() == 0) {
		buf_retain(buf_new());
		buf_new();
		exit(0);
	}
	wait(NULL);
	buf_release(b);
	return 0;
}
