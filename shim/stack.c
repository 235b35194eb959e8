/* SPDX-License-Identifier: MIT */
/* The verified cache: comparing, walking what is new, and keeping it. */
#include "stack.h"

#include "modules.h"
#include "state.h"
#include "tree.h"
#include "rules.h"

/* What a check that never holds looks at. */
static const uintptr_t never_word;

/* Frames of the cache that may still stand outside a sp; the last of them is the one to compare. */
static inline uint32_t cache_pop(const struct stack_cache *cache, uint32_t count, uintptr_t sp)
{
	while (count && cache->frame[count - 1].sp < sp)
		count--;
	return count;
}

/* Frame `count - 1` equals ours. Do the others outside it still stand? Returns 0 for yes; else
 * sets *count to those outside the step that has changed. */
static int cache_differs(const struct stack_cache *cache, uint32_t *count)
{
	uint32_t left = stack_verify(cache, cache->frame[*count - 1].checks);

	if (!left)
		return 0;
	while (*count && cache->frame[*count - 1].checks >= left)
		--*count; /* frame[*count] is now the one whose step outward changed */
	return 1;
}

/* The usual step: by a plain rule, over words in the part of the thread's own stack that is in use.
 * 0: step_out must make it. */
static inline int step_plainly(const struct step_walk *w, const struct step_frame *from, struct step_frame *to)
{
	uint64_t rule = from->rule;

	if ((cfi_kind(rule) & ~1u) != CFI_RSP || cfi_rbp(rule) == CFI_RBP_AT_RBP || rule & CFI_INTERRUPTED)
		return 0;
	uintptr_t sp = (cfi_kind(rule) == CFI_RSP ? from->sp : from->rbp) + (uintptr_t)cfi_offset(rule);
	uintptr_t slot = sp + (uintptr_t)cfi_rbp_offset(rule), room = w->high - 8 - w->floor;

	if (sp <= from->sp || sp - 8 - w->floor > room || w->floor > w->high - 8)
		return 0;
	if (cfi_rbp(rule) == CFI_RBP_SAME) {
		to->rbp_slot = 0;
		to->rbp = from->rbp;
	} else {
		if (slot - w->floor > room)
			return 0;
		to->rbp_slot = slot;
		to->rbp = *(const uintptr_t *)slot;
	}
	to->sp = sp;
	to->pc_slot = sp - 8;
	to->pc = *(const uintptr_t *)(sp - 8);
	to->sp_slot = 0;
	to->flags = 0;
	return to->pc != 0;
}

/*
 * Walks outward from fresh[0] until the cache matches. *count: frames of the cache to try, then
 * those that matched. Returns how many frames are fresh; fresh[that] holds how the matching one
 * was reached.
 */
static uint32_t walk_fresh(struct stack_cache *cache, uint32_t *count)
{
	struct step_frame *f = cache->fresh;
	uint32_t n = 0;

	step_begin(&cache->walk, f);
	for (;; f++) {
		*count = cache_pop(cache, *count, f->sp);
		if (*count &&
		    stack_frame_is(&cache->frame[*count - 1], f->pc, f->sp, f->rbp, f->flags) &&
		    !cache_differs(cache, count))
			return n;
		f->rule = step_rule(&cache->walk, f->pc, f->flags, cache->generation);
		if (++n == TRACE_STACK_MAX ||
		    (!step_plainly(&cache->walk, f, f + 1) && !step_out(&cache->walk, f, f + 1))) {
			*count = 0;
			return n;
		}
	}
}

/* Does the way outward from a frame depend on its rbp? */
static inline uint32_t frame_needs_rbp(uint64_t rule, uint32_t outer_needs)
{
	switch (cfi_kind(rule)) {
	case CFI_END:
	case CFI_SIGNAL: return 0;
	case CFI_RSP:
	case CFI_RSP_MEM:
		if (cfi_rbp(rule) == CFI_RBP_SAME)
			return outer_needs;
		return cfi_rbp(rule) == CFI_RBP_AT_RBP ? STACK_NEEDS_RBP : 0;
	default: return STACK_NEEDS_RBP;
	}
}

/* Notes the words that led to `to`, outer ones first. Returns the new number of checks. */
static inline uint32_t checks_append(struct stack_check *check, uint32_t used,
				     const struct step_frame *to, uint32_t needs_rbp, int is_proper)
{
	if ((to->flags & STEP_ODD) || ((to->flags & STEP_OUTSIDE) && !is_proper)) {
		check[++used] = (struct stack_check){&never_word, 1};
		return used;
	}
	if (to->rbp_slot && needs_rbp)
		check[++used] = (struct stack_check){(const uintptr_t *)to->rbp_slot, to->rbp};
	check[++used] = (struct stack_check){(const uintptr_t *)to->pc_slot, to->pc};
	if (to->sp_slot)
		check[++used] = (struct stack_check){(const uintptr_t *)to->sp_slot, to->sp_word};
	return used;
}

/* Puts the fresh frames inside the `depth` that stay. Returns the innermost node, 0: no space. */
static uint32_t cache_extend(struct stack_cache *cache, uint32_t depth, uint32_t fresh)
{
	const struct stack_frame *outer = depth ? &cache->frame[depth - 1] : NULL;
	uint32_t node = outer ? outer->node : cache->scope ? cache->scope : state.header->root;
	uint32_t needs = outer ? outer->flags & STACK_NEEDS_RBP : 0;
	uint32_t checks = outer ? outer->checks : 0;
	int has_outer = outer != NULL;

	for (uint32_t i = fresh; i-- > 0; has_outer = 1) {
		const struct step_frame *f = &cache->fresh[i];
		uint64_t where = f->pc | f->rule >> STEP_MODULE_SHIFT << TRACE_PC_BITS;
		uint32_t flags = f->flags & STEP_EXACT ? TRACE_NODE_EXACT : 0;

		if (has_outer)
			checks = checks_append(cache->check, checks, f + 1, needs, (int)cache->is_proper);
		else if (cache->is_cut)
			flags |= TRACE_NODE_CUT;
		needs = frame_needs_rbp(f->rule, needs);
		node = tree_child(node, where, flags);
		if (!node)
			break;
		cache->frame[depth++] = (struct stack_frame){
			.pc = f->pc, .sp = f->sp, .rbp = f->rbp, .node = node, .checks = checks,
			.flags = (f->flags & STEP_EXACT) | needs};
	}
	cache->depth = node ? depth : 0;
	return node;
}

/* The stack by way of a memo; 0: it must be walked. */
static inline uint32_t memo_find(struct stack_cache *cache, uintptr_t pc, uintptr_t sp, uintptr_t rbp)
{
	const struct memo *m = memo_at(cache->memo, pc, sp);

	if (m->pc != pc || m->sp != sp || m->generation != cache->generation || m->base > cache->depth ||
	    (m->needs_rbp && m->rbp != rbp))
		return 0;
	const struct stack_frame *base = &cache->frame[m->base - 1];

	if (base->node != m->base_node || base->sp != m->base_sp ||
	    (base->flags & STACK_NEEDS_RBP && base->rbp != m->base_rbp) || !memo_holds(m) ||
	    stack_verify(cache, base->checks))
		return 0;
	return m->node;
}

/* Remembers the frames that were just put inside the `stays` outer ones, if they gave the same stack the last
 * time too: most that are seen but once never come back. */
static void memo_keep(struct stack_cache *cache, uint32_t stays, uintptr_t rbp)
{
	const struct stack_frame *top = &cache->frame[cache->depth - 1], *base = &cache->frame[stays - 1];
	uint32_t count = top->checks - base->checks;

	if (count > MEMO_CHECKS || cache->depth - stays > MEMO_CHECKS || top->flags & STACK_EXACT)
		return;
	struct memo *m = memo_at(cache->memo, top->pc, top->sp);

	if (m->pc != top->pc || m->sp != top->sp || m->node != top->node) {
		m->pc = top->pc;
		m->sp = top->sp;
		m->node = top->node;
		m->base = MEMO_ONCE;
		return;
	}
	for (uint32_t i = 0; i < count; i++)
		if (cache->check[top->checks - i].slot == &never_word)
			return;
	m->rbp = rbp;
	m->needs_rbp = top->flags & STACK_NEEDS_RBP;
	m->generation = cache->generation;
	m->base = stays;
	m->base_node = base->node;
	m->checks = count;
	m->base_sp = base->sp;
	m->base_rbp = base->rbp;
	for (uint32_t i = 0; i < count; i++) {
		const struct stack_check *check = &cache->check[top->checks - i];

		m->check[i] = (struct memo_check){check->slot, check->word};
	}
}

uint32_t stack_capture_slow(struct stack_cache *cache, uintptr_t pc, uintptr_t sp, uintptr_t rbp)
{
	uint32_t generation = __atomic_load_n(&state.generation, __ATOMIC_ACQUIRE);
	uint32_t stays, fresh, node;

	if (cache->generation == generation && cache->depth && !cache->is_cut &&
	    (node = memo_find(cache, pc, sp, rbp)))
		return node;

	if (cache->generation != generation || cache->is_cut)
		cache->depth = 0;
	cache->generation = generation;
	cache->check[0] = (struct stack_check){&never_word, 1};
	cache->fresh[0] = (struct step_frame){.pc = pc, .sp = sp, .rbp = rbp};
	stays = cache->depth;
	fresh = walk_fresh(cache, &stays);
	if (fresh + stays > TRACE_STACK_MAX) {
		stays = 0;
		fresh = walk_fresh(cache, &stays);
	}
	if (!stays) {
		uint32_t last = cfi_kind(cache->fresh[fresh - 1].rule);

		cache->is_cut = fresh == TRACE_STACK_MAX && last != CFI_END;
		cache->is_proper = last == CFI_END && !cache->walk.is_guessing;
	}
	if (!cache->is_proper)
		cache->walk.window_low = cache->walk.window_high = 0;
	node = cache_extend(cache, stays, fresh);
	if (node && stays && cache->is_proper)
		memo_keep(cache, stays, rbp);
	if (!node)
		state_drop(TRACE_DROP_STACK);
	else if (cache->is_cut)
		state_drop(TRACE_DROP_STACK_CUT);
	return node;
}

void stack_bounds(struct stack_cache *cache, uintptr_t low, uintptr_t high)
{
	cache->depth = cache->scope = 0;
	cache->walk.low = low;
	cache->walk.high = high;
	cache->walk.low_end = 0;
	cache->walk.window_low = cache->walk.window_high = 0;
}

int stack_start(void)
{
	int error = modules_start();

	if (!error)
		error = step_start();
	return error ? error : tree_start();
}
