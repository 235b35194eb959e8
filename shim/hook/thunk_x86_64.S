/* SPDX-License-Identifier: MIT */
/* The two thunks and the cells; laws in thunk.h. Both push struct thunk_registers from its end
 * to its beginning; the words `cell` and `back` are on the stack when they begin. The stack is aligned
 * anew: a compiler that saw that a function needs no alignment may call it without. */

	.text

	.globl	thunk_tail
	.hidden	thunk_tail
	.type	thunk_tail, @function
	.p2align 6
thunk_tail:				/* called by a cell */
	.cfi_startproc
	.cfi_def_cfa_offset 16
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	push	%r11
	.cfi_adjust_cfa_offset 8
	push	%r10
	.cfi_adjust_cfa_offset 8
	push	%r9
	.cfi_adjust_cfa_offset 8
	push	%r8
	.cfi_adjust_cfa_offset 8
	push	%rdi
	.cfi_adjust_cfa_offset 8
	push	%rsi
	.cfi_adjust_cfa_offset 8
	push	%rdx
	.cfi_adjust_cfa_offset 8
	push	%rcx
	.cfi_adjust_cfa_offset 8
	push	%rax
	.cfi_adjust_cfa_offset 8
	mov	%rsp, %rdi
	mov	%rsp, %rbp
	.cfi_def_cfa %rbp, 96
	and	$-16, %rsp
	call	probes_tail
	mov	%rbp, %rsp
	.cfi_def_cfa %rsp, 96
	pop	%rax
	.cfi_adjust_cfa_offset -8
	pop	%rcx
	.cfi_adjust_cfa_offset -8
	pop	%rdx
	.cfi_adjust_cfa_offset -8
	pop	%rsi
	.cfi_adjust_cfa_offset -8
	pop	%rdi
	.cfi_adjust_cfa_offset -8
	pop	%r8
	.cfi_adjust_cfa_offset -8
	pop	%r9
	.cfi_adjust_cfa_offset -8
	pop	%r10
	.cfi_adjust_cfa_offset -8
	pop	%r11
	.cfi_adjust_cfa_offset -8
	pop	%rbp
	.cfi_adjust_cfa_offset -8
	.cfi_restore %rbp
	ret				/* to the displaced code in the cell */
	.cfi_endproc
	.size	thunk_tail, . - thunk_tail

	.globl	thunk_through
	.hidden	thunk_through
	.type	thunk_through, @function
	.p2align 6
thunk_through:				/* jumped to by a cell that pushed its number */
	.cfi_startproc
	.cfi_def_cfa_offset 16
	push	%rbp
	.cfi_adjust_cfa_offset 8
	.cfi_rel_offset %rbp, 0
	mov	%rsp, %rbp
	.cfi_def_cfa_register %rbp
	push	%r11
	push	%r10
	push	%r9
	push	%r8
	push	%rdi
	push	%rsi
	push	%rdx
	push	%rcx
	push	%rax
	mov	%rsp, %rdi
	and	$-16, %rsp
	call	probes_enter
	mov	%rax, %r11
	lea	(,%rdx,8), %rcx
	sub	%rcx, %rsp
	test	%rdx, %rdx
	jz	2f
1:	mov	16(%rbp,%rdx,8), %rcx	/* stack word %rdx - 1 */
	mov	%rcx, -8(%rsp,%rdx,8)
	dec	%rdx
	jnz	1b
2:	mov	-72(%rbp), %rax
	mov	-64(%rbp), %rcx
	mov	-56(%rbp), %rdx
	mov	-48(%rbp), %rsi
	mov	-40(%rbp), %rdi
	mov	-32(%rbp), %r8
	mov	-24(%rbp), %r9
	mov	-16(%rbp), %r10
	call	*%r11
	.globl	thunk_through_back
	.hidden	thunk_through_back
thunk_through_back:
	lea	-88(%rbp), %rsp
	mov	%rax, -88(%rbp)
	mov	%rdx, -80(%rbp)
	and	$-16, %rsp
	lea	-72(%rbp), %rdi
	mov	%rax, %rsi
	call	probes_leave
	mov	-88(%rbp), %rax
	mov	-80(%rbp), %rdx
	mov	-64(%rbp), %rcx
	mov	-48(%rbp), %rsi
	mov	-40(%rbp), %rdi
	mov	-32(%rbp), %r8
	mov	-24(%rbp), %r9
	mov	-16(%rbp), %r10
	mov	-8(%rbp), %r11
	leave
	.cfi_def_cfa %rsp, 16
	.cfi_restore %rbp
	lea	8(%rsp), %rsp
	.cfi_def_cfa_offset 8
	ret
	.cfi_endproc
	.size	thunk_through, . - thunk_through

	.globl	thunk_spill
	.hidden	thunk_spill
	.type	thunk_spill, @function
	.p2align 4
thunk_spill:
	.cfi_startproc
	sub	$264, %rsp
	.cfi_adjust_cfa_offset 264
	movups	%xmm0, (%rsp)
	movups	%xmm1, 16(%rsp)
	movups	%xmm2, 32(%rsp)
	movups	%xmm3, 48(%rsp)
	movups	%xmm4, 64(%rsp)
	movups	%xmm5, 80(%rsp)
	movups	%xmm6, 96(%rsp)
	movups	%xmm7, 112(%rsp)
	movups	%xmm8, 128(%rsp)
	movups	%xmm9, 144(%rsp)
	movups	%xmm10, 160(%rsp)
	movups	%xmm11, 176(%rsp)
	movups	%xmm12, 192(%rsp)
	movups	%xmm13, 208(%rsp)
	movups	%xmm14, 224(%rsp)
	movups	%xmm15, 240(%rsp)
	mov	%rdi, %rax
	mov	%rsi, %rdi
	call	*%rax
	movups	(%rsp), %xmm0
	movups	16(%rsp), %xmm1
	movups	32(%rsp), %xmm2
	movups	48(%rsp), %xmm3
	movups	64(%rsp), %xmm4
	movups	80(%rsp), %xmm5
	movups	96(%rsp), %xmm6
	movups	112(%rsp), %xmm7
	movups	128(%rsp), %xmm8
	movups	144(%rsp), %xmm9
	movups	160(%rsp), %xmm10
	movups	176(%rsp), %xmm11
	movups	192(%rsp), %xmm12
	movups	208(%rsp), %xmm13
	movups	224(%rsp), %xmm14
	movups	240(%rsp), %xmm15
	add	$264, %rsp
	.cfi_adjust_cfa_offset -264
	ret
	.cfi_endproc
	.size	thunk_spill, . - thunk_spill

	.globl	thunk_cells
	.hidden	thunk_cells
	.type	thunk_cells, @function
	.p2align 12
thunk_cells:
	.cfi_startproc
	.fill	2048 * 64, 1, 0xcc
	.cfi_endproc
	.size	thunk_cells, . - thunk_cells

	.section .note.GNU-stack, "", @progbits
