/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CFI_H
#define LEAKSHIM_CFI_H
/*
 * Unwind information in memory -> how to leave the frame at one pc.
 *
 * 1. Every byte is read through a range check: damaged tables give CFI_END, never a crash.
 * 2. A rule is 64 bits and says all about one pc; what does not fit is CFI_ODD and is left
 *    by cfi_leave, which needs all registers.
 * 3. Results follow the DWARF rules as libunwind applies them: sp after a step is the CFA,
 *    and a frame whose rbp is undefined is the last one.
 *
 * Context: pure functions over memory they are given; async-signal-safe, no state, no lock.
 */
#include <stdint.h>

#define CFI_REGISTERS 17 /* rax, rdx, rcx, rbx, rsi, rdi, rbp, rsp, r8 to r15, return address */
#define CFI_REG_RBX 3
#define CFI_REG_RBP 6
#define CFI_REG_RSP 7
#define CFI_REG_RA 16
#define CFI_RANGES 6
#define CFI_NEST 6 /* remembered states in one program */

/* The readable segments of a module and where its .eh_frame_hdr lies in them. */
struct cfi_source {
	uintptr_t header; /* 0: the module has none */
	uint32_t ranges;
	struct cfi_range {
		uintptr_t low, high;
	} range[CFI_RANGES];
	uint32_t is_go; /* has functions of Go */
};

enum cfi_kind {
	CFI_NONE = 0,    /* no information about this pc */
	CFI_END = 1,     /* the outermost frame */
	CFI_RSP = 2,     /* CFA = rsp + cfi_offset */
	CFI_RBP = 3,     /* CFA = rbp + cfi_offset */
	CFI_RSP_MEM = 4, /* CFA = *(rsp + cfi_offset) + cfi_add */
	CFI_RBP_MEM = 5, /* CFA = *(rbp + cfi_offset) + cfi_add */
	CFI_SIGNAL = 6,  /* the frame of a signal handler: registers lie in a ucontext */
	CFI_ODD = 7      /* anything else */
};

enum cfi_rbp {
	CFI_RBP_SAME = 0,
	CFI_RBP_AT_CFA = 1, /* saved at CFA + cfi_rbp_offset */
	CFI_RBP_AT_RBP = 2  /* saved at rbp + cfi_rbp_offset */
};

/* Where the kernel's signal frame keeps registers, from rsp at the restorer. */
#define CFI_SIGNAL_RBP 120
#define CFI_SIGNAL_RSP 160
#define CFI_SIGNAL_RIP 168

/*
 * A rule: bits 0..2 kind, 3..4 rbp, 5 the next frame was interrupted, 6..17 rbp offset / 8,
 * 18..44 CFA offset (the MEM kinds: 18..31 offset, 32..44 addend), 48..63 free for the user.
 */
#define CFI_INTERRUPTED (1ull << 5)

static inline unsigned cfi_kind(uint64_t rule)
{
	return rule & 7;
}
static inline unsigned cfi_rbp(uint64_t rule)
{
	return rule >> 3 & 3;
}
/* CFI_RSP or CFI_RBP, rbp kept or saved at the CFA, the next frame not interrupted. */
static inline int cfi_is_plain(uint64_t rule)
{
	return (rule & (CFI_INTERRUPTED | 6 | 2 << 3)) == CFI_RSP;
}
static inline int64_t cfi_rbp_offset(uint64_t rule)
{
	return (int64_t)(rule << 46) >> 52 << 3;
}
static inline int64_t cfi_offset(uint64_t rule)
{
	return (int64_t)(rule << 19) >> 37;
}
static inline int64_t cfi_mem_offset(uint64_t rule)
{
	return (int64_t)(rule << 32) >> 50;
}
static inline int64_t cfi_mem_add(uint64_t rule)
{
	return (int64_t)(rule << 19) >> 51;
}

/* What a register of the outer frame is made of. */
enum cfi_how {
	CFI_SAME = 0,
	CFI_UNDEFINED,
	CFI_AT,       /* memory at CFA + value */
	CFI_IS,       /* CFA + value */
	CFI_REGISTER, /* register number value */
	CFI_EXPR,     /* memory at the result of the expression at header + value */
	CFI_VAL_EXPR  /* the result itself */
};

struct cfi_row {
	uint8_t how[CFI_REGISTERS];
	uint8_t cfa_how;      /* CFI_REGISTER or CFI_EXPR */
	uint8_t cfa_register;
	uint8_t return_column;
	uint8_t is_signal;
	int32_t value[CFI_REGISTERS];
	int64_t cfa_offset;   /* or the place of the expression, counted from the header */
};

/* Scratch of the two functions below; large, so it is not on the stack. */
struct cfi_work {
	struct cfi_row row, initial, saved[CFI_NEST];
};

/* All registers of a frame. known: bit per register. */
struct cfi_registers {
	uint64_t value[CFI_REGISTERS];
	uint32_t known;
	uint32_t is_exact; /* look the pc up itself, not the call before it */
};

/* How to read a word of the program's memory; 0 on success. The caller embeds it. */
struct cfi_reader {
	int (*word)(struct cfi_reader *reader, uintptr_t at, uintptr_t *out);
};

/* The rule of a frame at pc. is_exact: 0 if pc is a return address. */
uint64_t cfi_rule(const struct cfi_source *source, uintptr_t pc, int is_exact,
		  struct cfi_work *work);

/*
 * Leaves one frame with all its registers. Returns 1 for a step, 0 at the end of the stack,
 * -1 where there is no information.
 */
int cfi_leave(const struct cfi_source *source, struct cfi_registers *registers,
	      struct cfi_work *work, struct cfi_reader *reader);

#endif
