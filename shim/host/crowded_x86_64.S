/* SPDX-License-Identifier: MIT */
/* longjmp and swapcontext as jumps: they want the stack and the registers of their caller. See crowded_leave.h. */

#include "landing_size.h"

#define UC_RSP 160 /* in a ucontext_t */
#define UC_RIP 168

	.macro jump name, at, way
	.globl \name
	.type \name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	cmpl $0, crowded_on(%rip)
	jne 3f
1:	movq crowded_jumps + 8 * \at(%rip), %rax
	testq %rax, %rax
	jz 2f
	jmpq *%rax
2:	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call crowded_find
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	jmpq *crowded_jumps + 8 * \at(%rip)
3:	movl $\way, %r10d
	leaq 1b(%rip), %r11
	jmp crowded_land
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text
/* Asks crowded_leave on a stack of ours, and goes on at r11 with rdi and rsi as they were, from where it says. */
	.type crowded_land, @function
	.p2align 4
crowded_land:
	.cfi_startproc
	movq landing_taken(%rip), %r9
	testq %r9, %r9
	jz 3f
	movq (%r9), %rax
1:	movq %rax, %rcx
	notq %rcx
	bsfq %rcx, %rcx
	jz 3f
	movq %rax, %r8
	btsq %rcx, %r8
	lock cmpxchgq %r8, (%r9)
	jne 1b
	movq %rsp, %rax
	.cfi_def_cfa_register %rax
	leaq 1(%rcx), %rdx
	shlq $LANDING_SHIFT, %rdx
	leaq landing_stacks(%rip), %rsp
	addq %rdx, %rsp
	pushq %rax
	pushq %r11
	pushq %rcx
	pushq %rdi
	pushq %rsi
	pushq %r10
	.cfi_escape 0x0f, 0x05, 0x77, 0x28, 0x06, 0x23, 0x08 /* CFA: the word at rsp + 40, plus 8 */
	movq %rdi, %rdx
	cmpl $2, %r10d /* swapcontext goes to the second */
	cmoveq %rsi, %rdx
	movl %r10d, %esi
	movq %rax, %rdi
	call crowded_leave
	popq %r9
	popq %rsi
	popq %rdi
	popq %rcx
	popq %r11
	popq %r10
	.cfi_def_cfa %r10, 8
	cmpl $2, %r9d
	je 4f
	testq %rax, %rax
	cmovneq %rax, %r10
	.cfi_undefined %rip
	movq %r10, %rsp
	.cfi_def_cfa %rsp, 8
	movq landing_taken(%rip), %r9
	lock btrq %rcx, (%r9)
	testq %rdx, %rdx
	jz 3f
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %r11
	.cfi_adjust_cfa_offset 8
	movq %rsp, %rax
	andq $-16, %rsp
	pushq %rax
	pushq %rax
	movq %rdx, %rdi
	call crowded_open
	popq %rsp
	popq %r11
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
3:	jmpq *%r11
/* swapcontext saves where it stands, and then goes from where it leads to. */
4:	movq %r10, %rsp
	movq landing_taken(%rip), %r9
	lock btrq %rcx, (%r9)
	testq %rax, %rax
	jz 3b
	pushq %rdi
	pushq %rsi
	pushq %rax
	call *crowded_jumps + 8 * 6(%rip)
	popq %rdx
	popq %rsi
	popq %rdi
	testl %eax, %eax
	jnz 5f
	movq (%rsp), %rcx
	movq %rcx, UC_RIP(%rdi)
	leaq 8(%rsp), %rcx
	movq %rcx, UC_RSP(%rdi)
	movq %rsi, %rdi
	movq %rdx, %rsp
	jmpq *crowded_jumps + 8 * 4(%rip)
5:	ret
	.cfi_endproc
	.size crowded_land, . - crowded_land

	jump longjmp, 0, 0
	jump _longjmp, 1, 0
	jump siglongjmp, 2, 0
	jump __longjmp_chk, 3, 0
	jump setcontext, 4, 1
	jump swapcontext, 5, 2
	.section .note.GNU-stack, "", @progbits
