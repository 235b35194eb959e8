/* SPDX-License-Identifier: MIT */
/* Leaving one frame; finding and keeping rules. */
#include "step.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "area.h"
#include "modules.h"
#include "readable.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define KEY_BUSY 1ull
#define SWITCHES_MAX 16u
#define OWN_FRAMES_MAX 64u
#define GUESS_SPAN 0x4000u
#define LOWER_MAX (16ul << 20)

struct step_rules *step_rules;

/* A word outside the thread's own stack. 0: read. */
static int walk_word_outside(struct step_walk *w, uintptr_t at, uintptr_t *out)
{
	uintptr_t page = at & ~(READABLE_PAGE - 1);
	uintptr_t last = (at + 7) & ~(READABLE_PAGE - 1);

	w->is_outside = 1;
	if (at < READABLE_PAGE || at + 8 > STEP_PC_END)
		return -1;
	for (;; page += READABLE_PAGE) {
		if (page < w->window_low || page >= w->window_high) {
			if (!readable_word(page))
				return -1;
			if (page == w->window_high) {
				w->window_high = page + READABLE_PAGE;
			} else {
				w->window_low = page;
				w->window_high = page + READABLE_PAGE;
			}
		}
		if (page == last)
			break;
	}
	memcpy(out, (const void *)at, sizeof(*out));
	return 0;
}

static inline int walk_word(struct step_walk *w, uintptr_t at, uintptr_t *out)
{
	if (__builtin_expect(at >= w->floor && at <= w->high - 8, 1)) {
		memcpy(out, (const void *)at, sizeof(*out));
		return 0;
	}
	return walk_word_outside(w, at, out);
}

static int reader_word(struct cfi_reader *reader, uintptr_t at, uintptr_t *out)
{
	return walk_word((struct step_walk *)reader, at, out);
}

/* A jump slot of a procedure linkage table: jmp *x(%rip); push n; jmp. */
static int code_is_plt(uintptr_t pc)
{
	const unsigned char *code = (const unsigned char *)pc;

	return code[0] == 0xff && code[1] == 0x25 && code[6] == 0x68 && code[11] == 0xe9;
}

/* A pc without unwind information. */
static uint64_t rule_without_cfi(uintptr_t pc)
{
	uintptr_t page = pc & ~(READABLE_PAGE - 1);

	if (!readable_word(page))
		return CFI_NONE;
	if ((page == ((pc + 15) & ~(READABLE_PAGE - 1)) || readable_word(page + READABLE_PAGE)) &&
	    code_is_plt(pc))
		return CFI_RSP | 8ull << 18;
	return CFI_NONE | STEP_CODE_READABLE;
}

static uint64_t rule_make(struct step_walk *walk, uintptr_t pc, uint32_t flags)
{
	struct cfi_source source;
	uint32_t module;
	uint64_t rule;

	if (pc >= STEP_PC_END || pc < READABLE_PAGE)
		return CFI_END;
	module = modules_find(flags & STEP_EXACT ? pc : pc - 1, &source);
	rule = cfi_rule(&source, pc, flags & STEP_EXACT, &walk->work);
	if (cfi_kind(rule) == CFI_NONE)
		rule = rule_without_cfi(pc) | (source.is_go ? STEP_GO : 0);
	return (rule & ((1ull << STEP_MODULE_SHIFT) - 1)) | (uint64_t)module << STEP_MODULE_SHIFT;
}

/* Puts a rule in the place of an empty or outdated entry; where all are in use, in its first. */
static void rule_keep(uint64_t key, uint64_t rule, uint64_t slot)
{
	const uint64_t mask = (1ull << STEP_LOG) - 1, age = ~0ull << 48;
	struct step_rules *entry = &step_rules[slot];
	uint64_t old = __atomic_load_n(&entry->key, __ATOMIC_RELAXED);

	for (unsigned i = 0; i < STEP_PROBES; i++) {
		struct step_rules *e = &step_rules[(slot + i) & mask];
		uint64_t k = __atomic_load_n(&e->key, __ATOMIC_RELAXED);

		if (k == key)
			return;
		if (k != KEY_BUSY && (!k || ((k ^ key) & age))) {
			entry = e;
			old = k;
			break;
		}
	}
	if (old == KEY_BUSY || !__atomic_compare_exchange_n(&entry->key, &old, KEY_BUSY, 0,
							    __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	__atomic_store_n(&entry->rule, rule, __ATOMIC_RELEASE);
	__atomic_store_n(&entry->key, key, __ATOMIC_RELEASE);
}

uint64_t step_rule_slow(struct step_walk *walk, uintptr_t pc, uint32_t flags, uint32_t generation)
{
	const uint64_t mask = (1ull << STEP_LOG) - 1;
	uint64_t key = step_key(pc, flags, generation), slot = step_slot(pc), rule;

	if (pc >= STEP_PC_END)
		return CFI_END;
	for (unsigned i = 0; i < STEP_PROBES; i++) {
		struct step_rules *entry = &step_rules[(slot + i) & mask];
		uint64_t found = __atomic_load_n(&entry->key, __ATOMIC_ACQUIRE);

		if (!found)
			break;
		if (found != key)
			continue;
		rule = __atomic_load_n(&entry->rule, __ATOMIC_ACQUIRE);
		if (__atomic_load_n(&entry->key, __ATOMIC_RELAXED) == key)
			return rule;
	}
	rule = rule_make(walk, pc, flags);
	rule_keep(key, rule, slot);
	return rule;
}

/* The stack was first seen at a higher sp: all pages between must be readable, else this sp lies
 * on another stack. */
static void walk_lower(struct step_walk *w, uintptr_t sp)
{
	uintptr_t page = sp & ~(READABLE_PAGE - 1), low = w->low & ~(READABLE_PAGE - 1);

	if (w->low - sp > LOWER_MAX || page <= w->low_end)
		return;
	while (low > page && readable_word(low - READABLE_PAGE))
		low -= READABLE_PAGE;
	w->low = low;
	if (low > page)
		w->low_end = low - READABLE_PAGE;
}

void step_begin(struct step_walk *walk, const struct step_frame *frame)
{
	walk->reader.word = reader_word;
	if (frame->sp < walk->low && walk->low < walk->high)
		walk_lower(walk, frame->sp);
	walk->floor = frame->sp >= walk->low && frame->sp < walk->high ? frame->sp : UINTPTR_MAX;
	walk->first_pc = frame->pc;
	walk->first_sp = frame->sp;
	walk->is_outside = walk->is_guessing = walk->switches = walk->has_registers = 0;
}

/* Go calls C on another stack than its own, and rbp still leads to the caller there: always to a frame of Go. */
static int is_way_back_to_go(const struct step_frame *from, uintptr_t rbp, uintptr_t pc)
{
	struct cfi_source source;

	return from->rule & STEP_GO && (!rbp || rbp > from->rbp) && !(from->rbp & 7) && step_is_code(pc) &&
	       modules_find(pc - 1, &source) == from->rule >> STEP_MODULE_SHIFT;
}

/* A frame without unwind information: as libunwind, supposes that rbp points at the saved rbp and the
 * return address, if it lies not far outside. Unlike libunwind 1.6, which only adds 16 to its sp and
 * is lost at the next frame that is found by sp, takes the outer sp from there too. */
static int out_by_guess(struct step_walk *w, const struct step_frame *from, struct step_frame *to)
{
	if (!(from->rule & STEP_CODE_READABLE) || !from->rbp ||
	    walk_word(w, from->rbp, &to->rbp) || walk_word(w, from->rbp + 8, &to->pc))
		return 0;
	if ((from->rbp < from->sp || from->rbp - from->sp > GUESS_SPAN) && !is_way_back_to_go(from, to->rbp, to->pc))
		return 0;
	w->is_guessing = 1;
	to->sp = from->rbp + 16;
	to->rbp_slot = from->rbp;
	to->pc_slot = from->rbp + 8;
	return 1;
}

/* The kernel's frame below a signal handler. */
static int out_of_signal(struct step_walk *w, const struct step_frame *from, struct step_frame *to)
{
	to->rbp_slot = from->sp + CFI_SIGNAL_RBP;
	to->sp_slot = from->sp + CFI_SIGNAL_RSP;
	to->pc_slot = from->sp + CFI_SIGNAL_RIP;
	if (walk_word(w, to->rbp_slot, &to->rbp) || walk_word(w, to->sp_slot, &to->sp) ||
	    walk_word(w, to->pc_slot, &to->pc))
		return 0;
	to->sp_word = to->sp;
	if (w->floor == UINTPTR_MAX && to->sp >= w->low && to->sp < w->high)
		w->floor = to->sp;
	return 1;
}

/* Takes w->registers one frame outward. 1: done. */
static int registers_leave(struct step_walk *w)
{
	struct cfi_registers *r = &w->registers;
	struct step_frame from = {.pc = r->value[CFI_REG_RA], .sp = r->value[CFI_REG_RSP],
				  .rbp = r->value[CFI_REG_RBP]}, to = {0};
	struct cfi_source source;
	int left;

	modules_find(r->is_exact ? from.pc : from.pc - 1, &source);
	left = cfi_leave(&source, r, &w->work, &w->reader);
	if (left >= 0)
		return left;
	from.rule = rule_without_cfi(from.pc);
	if (cfi_kind(from.rule) == CFI_RSP) {
		if (walk_word(w, from.sp, &to.pc))
			return 0;
		r->value[CFI_REG_RSP] += 8;
	} else {
		if (!out_by_guess(w, &from, &to))
			return 0;
		r->value[CFI_REG_RSP] = to.sp;
		r->value[CFI_REG_RBP] = to.rbp;
		r->known = 1u << CFI_REG_RSP | 1u << CFI_REG_RBP | 1u << CFI_REG_RA;
	}
	r->value[CFI_REG_RA] = to.pc;
	r->is_exact = 0;
	return 1;
}

static int registers_reach(struct step_walk *w, uintptr_t pc, uintptr_t sp, unsigned most)
{
	struct cfi_registers *r = &w->registers;

	while (r->value[CFI_REG_RA] != pc || r->value[CFI_REG_RSP] != sp)
		if (!most-- || !registers_leave(w))
			return 0;
	return 1;
}

/*
 * A frame whose rule is no simple one. The other registers that it may need were saved by frames
 * inside it: all are followed from here, our own function, outward.
 */
static __attribute__((noinline)) int out_of_odd(struct step_walk *w, const struct step_frame *from,
						struct step_frame *to)
{
	struct cfi_registers *r = &w->registers;

	if (!w->has_registers) {
		__asm__ volatile("leaq 0(%%rip), %%rax\n\t"
				 "movq %%rax, 128(%0)\n\t"
				 "movq %%rbx, 24(%0)\n\t"
				 "movq %%rbp, 48(%0)\n\t"
				 "movq %%rsp, 56(%0)\n\t"
				 "movq %%r12, 96(%0)\n\t"
				 "movq %%r13, 104(%0)\n\t"
				 "movq %%r14, 112(%0)\n\t"
				 "movq %%r15, 120(%0)"
				 :
				 : "r"(r->value)
				 : "rax", "memory");
		r->known = 1u << 3 | 1u << 6 | 1u << 7 | 0xfu << 12 | 1u << 16;
		r->is_exact = 1;
		if (!registers_reach(w, w->first_pc, w->first_sp, OWN_FRAMES_MAX))
			return 0;
		w->has_registers = 1;
	}
	if (!registers_reach(w, from->pc, from->sp, TRACE_STACK_MAX) || !registers_leave(w))
		return 0;
	to->pc = r->value[CFI_REG_RA];
	to->sp = r->value[CFI_REG_RSP];
	to->rbp = r->value[CFI_REG_RBP];
	to->flags |= STEP_ODD | (r->is_exact ? STEP_EXACT : 0);
	return 1;
}

/* A frame with a plain rule. */
static inline int out_by_rule(struct step_walk *w, const struct step_frame *from,
			      struct step_frame *to)
{
	uint64_t rule = from->rule;
	unsigned kind = cfi_kind(rule), rbp = cfi_rbp(rule);

	if (kind == CFI_RSP || kind == CFI_RBP) {
		to->sp = (kind == CFI_RSP ? from->sp : from->rbp) + (uintptr_t)cfi_offset(rule);
	} else {
		to->sp_slot = (kind == CFI_RSP_MEM ? from->sp : from->rbp) +
			      (uintptr_t)cfi_mem_offset(rule);
		if (walk_word(w, to->sp_slot, &to->sp_word))
			return 0;
		to->sp = to->sp_word + (uintptr_t)cfi_mem_add(rule);
	}
	to->pc_slot = to->sp - 8;
	to->rbp = from->rbp;
	if (rbp != CFI_RBP_SAME) {
		to->rbp_slot = (rbp == CFI_RBP_AT_CFA ? to->sp : from->rbp) +
			       (uintptr_t)cfi_rbp_offset(rule);
		if (walk_word(w, to->rbp_slot, &to->rbp))
			return 0;
	}
	return !walk_word(w, to->pc_slot, &to->pc);
}

int step_out(struct step_walk *walk, const struct step_frame *from, struct step_frame *to)
{
	unsigned kind = cfi_kind(from->rule);
	int left;

	to->rbp_slot = to->sp_slot = 0;
	to->flags = from->rule & CFI_INTERRUPTED ? STEP_EXACT : 0;
	walk->is_outside = 0;
	switch (kind) {
	case CFI_END: return 0;
	case CFI_NONE: left = out_by_guess(walk, from, to); break;
	case CFI_SIGNAL: left = out_of_signal(walk, from, to); break;
	case CFI_ODD: left = out_of_odd(walk, from, to); break;
	default: left = out_by_rule(walk, from, to);
	}
	if (!left || !step_is_code(to->pc))
		return 0;
	if (walk->is_outside)
		to->flags |= STEP_OUTSIDE;
	return to->sp > from->sp || ++walk->switches < SWITCHES_MAX;
}

int step_start(void)
{
	if (!step_rules)
		step_rules = area_private(sizeof(*step_rules) << STEP_LOG, 1);
	return step_rules ? 0 : -ENOMEM;
}
