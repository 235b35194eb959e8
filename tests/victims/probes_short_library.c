/* SPDX-License-Identifier: MIT */
/* Counted buffers behind functions that cannot be patched at their entries. */
#include <stdlib.h>

struct buf { int count; char data[60]; };
struct buf *buf_new(void) { struct buf *b = calloc(1, sizeof(*b)); b->count = 1; return b; }

/* Each round of a loop that begins at its entry would look like a call. */
__asm__(".globl buf_retain\n.type buf_retain,@function\n"
	"buf_retain: incl (%rdi)\n jz buf_retain\n ret\n.size buf_retain,.-buf_retain\n");

static void drop(struct buf *b) { if (--b->count == 0) free(b); }
static void (*choose(void))(struct buf *) { return drop; }
void buf_release(struct buf *b) __attribute__((ifunc("choose"))); /* chosen by the loader */
