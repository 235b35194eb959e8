/* SPDX-License-Identifier: MIT */
/* Signal handlers that push nothing before they stand on a stack of ours. See landing.h. */

#include "landing_size.h"

/* Registers need not be kept: the kernel has them all in its frame, which lies where we return to. */
	.macro landing name, handler
	.globl \name
	.hidden \name
	.type \name, @function
	.p2align 4
\name:
	.cfi_startproc
	endbr64
	movq landing_taken(%rip), %r9
	movq (%r9), %rax
1:	movq %rax, %rcx
	notq %rcx
	bsfq %rcx, %rcx
	jz \handler
	movq %rax, %r8
	btsq %rcx, %r8
	lock cmpxchgq %r8, (%r9)
	jne 1b
	movq %rsp, %rbx
	.cfi_def_cfa %rbx, 8
	.cfi_undefined %rbx
	movq %rcx, %r12
	.cfi_undefined %r12
	incq %rcx
	shlq $LANDING_SHIFT, %rcx
	leaq landing_stacks(%rip), %rsp
	addq %rcx, %rsp
	call \handler
	movq %rbx, %rsp
	.cfi_def_cfa %rsp, 8
	movq landing_taken(%rip), %r9
	lock btrq %r12, (%r9)
	ret
	.cfi_endproc
	.size \name, . - \name
	.endm

	.text
	landing landing_report, landing_on_report
	landing landing_fatal, landing_on_fatal

	.bss
	.globl landing_taken
	.hidden landing_taken
	.p2align 3
landing_taken:
	.zero 8
	.globl landing_stacks
	.hidden landing_stacks
	.p2align 12
landing_stacks:
	.zero LANDING_STACKS << LANDING_SHIFT
	.section .note.GNU-stack, "", @progbits
