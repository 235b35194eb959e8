/* SPDX-License-Identifier: MIT */
/* Leaks a block from code without unwind information, where the frame register leads to words that are no frame: what
 * stands for a return address is no address, which a guess by rbp must not take for one. */
#include "victim.h"

#ifdef __x86_64__
void *make_astray(size_t size);
__asm__(".text\n"
	".globl make_astray\n"
	".type make_astray, @function\n"
	"make_astray:\n"
	"	pushq %rbp\n"
	"	subq $32, %rsp\n"
	"	movabsq $0xdeadbeefcafef00d, %rax\n"
	"	movq %rax, 24(%rsp)\n"
	"	movq $0, 16(%rsp)\n"
	"	leaq 16(%rsp), %rbp\n"
	"	call malloc@PLT\n"
	"	addq $32, %rsp\n"
	"	popq %rbp\n"
	"	ret\n"
	".size make_astray, . - make_astray\n");
#else
#define make_astray malloc
#endif

int main(void)
{
	keep(make_astray(123));
	forget();
	return 0;
}
