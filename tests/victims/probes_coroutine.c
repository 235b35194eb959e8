/* SPDX-License-Identifier: MIT */
/* Calls a followed function at the very top of a stack that ends with its mapping. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

struct buf { int count; char data[60]; };
struct buf *buf_new(void) { struct buf *b = calloc(1, sizeof(*b)); b->count = 1; return b; }
void buf_release(struct buf *b) { if (--b->count == 0) free(b); }

int main(void)
{
	char *low = mmap(0, 3 * 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *top = low + 2 * 65536;
	struct buf *made;
	mprotect(low + 65536, 65536, PROT_READ | PROT_WRITE);
	__asm__ volatile("mov %%rsp, %%rbx\n mov %1, %%rsp\n call buf_new\n mov %%rbx, %%rsp"
			 : "=a"(made) : "r"(top) : "rbx", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory", "cc");
	buf_release(made);
	puts(made ? "made" : "not made");
}
