/* SPDX-License-Identifier: MIT */
/* Frames without unwind information: assembler with and without rbp, and code made at run time. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
__attribute__((noinline, used)) static void called(size_t n) { take(n); if (n & 1) take(n + 2); }
void framed(size_t), frameless(size_t), roomy(size_t);
__asm__(".text\nframed: push %rbp\nmov %rsp,%rbp\ncall called\npop %rbp\nret\n"
	"frameless: sub $8,%rsp\ncall called\nadd $8,%rsp\nret\n"
	"roomy: push %rbp\nmov %rsp,%rbp\nsub $96,%rsp\ncall called\nleave\nret\n");
static const unsigned char machine[] = {0x55, 0x48, 0x89, 0xe5, 0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xd0, 0x5d, 0xc3};
int main(int argc, char **argv)
{
	unsigned char *made = mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*target)(size_t) = called;
	memcpy(made, machine, sizeof(machine));
	memcpy(made + 6, &target, sizeof(target));
	for (size_t i = 1; i < 100; i++)
		if (argc > 1) framed(i), roomy(i);
		else framed(i), frameless(i), roomy(i), ((void (*)(size_t))made)(i), take(i);
	return argv[0] == 0;
}
