/* SPDX-License-Identifier: MIT */
/* Frames that are found through rbx, r12 or an expression, as hand-written code has them. */
#include <stdlib.h>

__attribute__((noinline)) static void take(size_t n) { void *volatile p = malloc(n); free(p); }
__attribute__((noinline)) static size_t busy(size_t n) { volatile size_t a = n * 3, b = a ^ n; take(a + b); return a - b; }
__attribute__((noinline, used)) static void called(size_t n) { size_t x = busy(n), y = busy(x & 31); take(x & 15); take((y + x) & 63); }
void by_rbx(size_t), by_r12(size_t), by_expression(size_t);
__asm__(".text\nby_rbx: .cfi_startproc\npush %rbx\n.cfi_def_cfa_offset 16\n.cfi_offset 3,-16\nmov %rsp,%rbx\n"
	".cfi_def_cfa_register 3\nand $-64,%rsp\nsub $128,%rsp\ncall called\nmov %rbx,%rsp\n.cfi_def_cfa_register 7\n"
	"pop %rbx\n.cfi_def_cfa_offset 8\nret\n.cfi_endproc\n"
	"by_r12: .cfi_startproc\npush %r12\n.cfi_def_cfa_offset 16\n.cfi_offset 12,-16\nmov %rsp,%r12\n"
	".cfi_def_cfa_register 12\nsub $40,%rsp\ncall by_rbx\nmov %r12,%rsp\n.cfi_def_cfa_register 7\n"
	"pop %r12\n.cfi_def_cfa_offset 8\nret\n.cfi_endproc\n"
	"by_expression: .cfi_startproc\nmov %rsp,%rax\nsub $88,%rsp\nand $-32,%rsp\nmov %rax,16(%rsp)\n"
	".cfi_escape 0x0f,0x05,0x77,0x10,0x06,0x23,0x08\ncall by_r12\nmov 16(%rsp),%rsp\n.cfi_def_cfa 7,8\nret\n.cfi_endproc\n");
int main(void)
{
	for (size_t i = 1; i < 200; i++)
		by_rbx(i), by_r12(i), by_expression(i), take(i);
	return 0;
}
