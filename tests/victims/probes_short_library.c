/* SPDX-License-Identifier: MIT */
/* Counted buffers behind functions that cannot be patched at their entries. */
#include <stdlib.h>

struct buf { int count; char data[60]; };
struct buf *buf_new(void) { struct buf *b = calloc(1, sizeof(*b)); b->count = 1; return b; }

/* Its entry branches into the bytes that a jump would cover. */
__asm__(".globl buf_retain\n.type buf_retain,@function\n"
	"buf_retain: jmp 1f\n1: jmp 2f\n2: incl (%rdi)\n ret\n.size buf_retain,.-buf_retain\n");

static void drop(struct buf *b) { if (--b->count == 0) free(b); }
static void (*choose(void))(struct buf *) { return drop; }
void buf_release(struct buf *b) __attribute__((ifunc("choose"))); /* chosen by the loader */
