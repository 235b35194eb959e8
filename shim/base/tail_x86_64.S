/* SPDX-License-Identifier: MIT */
/* dlsym, dlopen and syscall as jumps. See tail.h. */

#define SYS_seccomp 317
#define SYS_prctl 157
#define SYS_userfaultfd 323
#define RTLD_DEEPBIND 8

/* Calls a function with our two arguments, and has them again afterwards. */
	.macro ask function
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call \function
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	.endm

	.text
	.globl dlsym
	.type dlsym, @function
	.p2align 4
dlsym:
	.cfi_startproc
	endbr64
	ask tail_dlsym_answer
	testq %rax, %rax
	jnz 2f
	cmpq $0, tail_dlsym(%rip)
	je 1f
	jmpq *tail_dlsym(%rip)
1:	ask tail_find_dlsym
	testq %rax, %rax
	jz 2f
	jmpq *%rax
2:	ret
	.cfi_endproc
	.size dlsym, . - dlsym

	.globl dlopen
	.type dlopen, @function
	.p2align 4
dlopen:
	.cfi_startproc
	endbr64
	testl $RTLD_DEEPBIND, %esi
	jz 1f
	movl $1, tail_deep(%rip)
1:	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	movq 16(%rsp), %rsi
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call tail_dlopen_is_seen
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	testl %eax, %eax
	jnz tail_dlopen_seen
	cmpq $0, tail_dlopen(%rip)
	je 2f
	jmpq *tail_dlopen(%rip)
2:	ask tail_find_dlopen
	testq %rax, %rax
	jz 3f
	jmpq *%rax
3:	ret
	.cfi_endproc
	.size dlopen, . - dlopen

	.globl dlmopen
	.type dlmopen, @function
	.p2align 4
dlmopen:
	.cfi_startproc
	endbr64
	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	movq %rsi, %rdi
	movq 24(%rsp), %rsi
	call tail_dlmopen_is_seen
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	testl %eax, %eax
	jnz tail_dlmopen_seen
	cmpq $0, tail_dlmopen(%rip)
	je 1f
	jmpq *tail_dlmopen(%rip)
1:	ret
	.cfi_endproc
	.size dlmopen, . - dlmopen

	.globl syscall
	.type syscall, @function
	.p2align 4
syscall:
	.cfi_startproc
	endbr64
	cmpq $SYS_seccomp, %rdi
	je guard_syscall
	cmpq $SYS_prctl, %rdi
	je guard_syscall
	cmpq $SYS_userfaultfd, %rdi
	jne 4f
	movl $1, tail_faults(%rip)
4:
	cmpq $0, tail_syscall(%rip)
	je 2f
	cmpq $511, %rdi
	ja 3f
	movq %rdi, %rax
	leaq tail_waits(%rip), %r11
	shrq $6, %rax
	movq (%r11, %rax, 8), %rax
	btq %rdi, %rax
	jnc 3f
	cmpq $0, tail_waiting(%rip)
	je 3f
	jmpq *tail_waiting(%rip)
3:	jmpq *tail_syscall(%rip)
2:	pushq %rdi
	.cfi_adjust_cfa_offset 8
	pushq %rsi
	.cfi_adjust_cfa_offset 8
	pushq %rdx
	.cfi_adjust_cfa_offset 8
	pushq %rcx
	.cfi_adjust_cfa_offset 8
	pushq %r8
	.cfi_adjust_cfa_offset 8
	pushq %r9
	.cfi_adjust_cfa_offset 8
	subq $8, %rsp
	.cfi_adjust_cfa_offset 8
	call real_ready
	addq $8, %rsp
	.cfi_adjust_cfa_offset -8
	popq %r9
	.cfi_adjust_cfa_offset -8
	popq %r8
	.cfi_adjust_cfa_offset -8
	popq %rcx
	.cfi_adjust_cfa_offset -8
	popq %rdx
	.cfi_adjust_cfa_offset -8
	popq %rsi
	.cfi_adjust_cfa_offset -8
	popq %rdi
	.cfi_adjust_cfa_offset -8
	jmpq *tail_syscall(%rip)
	.cfi_endproc
	.size syscall, . - syscall

	.bss
	.globl tail_dlsym
	.hidden tail_dlsym
	.p2align 3
tail_dlsym:
	.zero 8
	.globl tail_dlopen
	.hidden tail_dlopen
tail_dlopen:
	.zero 8
	.globl tail_dlmopen
	.hidden tail_dlmopen
tail_dlmopen:
	.zero 8
	.globl tail_syscall
	.hidden tail_syscall
tail_syscall:
	.zero 8
	.globl tail_waits
	.hidden tail_waits
tail_waits:
	.zero 64
	.globl tail_waiting
	.hidden tail_waiting
tail_waiting:
	.zero 8
	.globl tail_deep
	.hidden tail_deep
tail_deep:
	.zero 4
	.globl tail_faults
	.hidden tail_faults
tail_faults:
	.zero 4
	.section .note.GNU-stack, "", @progbits
