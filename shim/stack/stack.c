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

/* Does a frame of the cache, at which a walk has arrived, stand with all outside it? Else leaves in *left those outside
 * the step that has changed. */
static inline int cache_meets(const struct stack_cache *cache, uint32_t *left, uintptr_t pc, uintptr_t sp, uintptr_t rbp,
			      uint32_t flags)
{
	return *left && stack_frame_is(&cache->frame[*left - 1], pc, sp, rbp, flags) && !cache_differs(cache, left);
}

/*
 * The usual way outward from fresh[0]: by known rules that are plain, over words in the part of the thread's own stack
 * that is in use. *count as in walk_fresh. *is_met: the cache matches; else walk_fresh must go on from the last
 * frame. Returns how many frames were left.
 */
static inline uint32_t walk_plainly(struct stack_cache *cache, uint32_t *count, int *is_met)
{
	struct step_frame *f = cache->fresh, *last = f + TRACE_STACK_MAX - 1;
	uintptr_t pc = f->pc, sp = f->sp, rbp = f->rbp;
	const uintptr_t floor = sp, high = cache->walk.high - 8;
	const uint64_t age = step_key(0, 0, cache->generation);
	uint32_t left = *count;

	*is_met = 0;
	if (__builtin_expect(floor < cache->walk.low || floor > high, 0))
		last = f;
	while (f != last) {
		left = cache_pop(cache, left, sp);
		*is_met = cache_meets(cache, &left, pc, sp, rbp, 0);
		if (*is_met)
			break;
		uint64_t rule = step_rule_known(pc, age | pc);
		uintptr_t outer = (cfi_kind(rule) == CFI_RBP ? rbp : sp) + (uintptr_t)cfi_offset(rule);
		uintptr_t slot = 0;

		if (!cfi_is_plain(rule) || outer - 8 - sp > high - sp)
			break;
		if (cfi_rbp(rule) != CFI_RBP_SAME) {
			slot = outer + (uintptr_t)cfi_rbp_offset(rule);
			if (slot - floor > high - floor)
				break;
			rbp = *(const uintptr_t *)slot;
		}
		pc = *(const uintptr_t *)(outer - 8);
		if (!step_is_code(pc))
			break;
		f++->rule = rule;
		f->pc = pc;
		f->sp = sp = outer;
		f->rbp = rbp;
		f->rbp_slot = slot;
	}
	*count = left;
	return (uint32_t)(f - cache->fresh);
}

/*
 * Walks outward from fresh[n], the last of those that were reached plainly, until the cache matches. *count: frames
 * of the cache to try, then those that matched. Returns how many frames are fresh; fresh[that] holds how
 * the matching one was reached.
 */
static uint32_t walk_fresh(struct stack_cache *cache, uint32_t *count, uint32_t n)
{
	struct step_frame *f = cache->fresh;

	step_begin(&cache->walk, f);
	for (uint32_t i = 1; i <= n; i++) {
		f++;
		f->pc_slot = f->sp - 8;
		f->sp_slot = 0;
		f->flags = 0;
	}
	for (;; f++) {
		*count = cache_pop(cache, *count, f->sp);
		if (cache_meets(cache, count, f->pc, f->sp, f->rbp, f->flags))
			return n;
		f->rule = step_rule(&cache->walk, f->pc, f->flags, cache->generation);
		if (++n == TRACE_STACK_MAX || !step_out(&cache->walk, f, f + 1)) {
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

/* The same where all fresh frames were reached plainly from a frame of the cache. */
static inline uint32_t cache_extend_plainly(struct stack_cache *cache, uint32_t depth, uint32_t fresh)
{
	struct stack_frame *to = &cache->frame[depth];
	uint32_t node = to[-1].node, needs = to[-1].flags & STACK_NEEDS_RBP;
	struct stack_check *check = &cache->check[to[-1].checks];

	for (const struct step_frame *f = &cache->fresh[fresh]; f != cache->fresh;) {
		if (f->rbp_slot && needs)
			*++check = (struct stack_check){(const uintptr_t *)f->rbp_slot, f->rbp};
		*++check = (struct stack_check){(const uintptr_t *)(f->sp - 8), f->pc};
		f--;
		needs = cfi_kind(f->rule) == CFI_RBP ? STACK_NEEDS_RBP : cfi_rbp(f->rule) == CFI_RBP_SAME ? needs : 0;
		node = tree_child(node, f->pc | f->rule >> STEP_MODULE_SHIFT << TRACE_PC_BITS, 0);
		if (__builtin_expect(!node, 0)) {
			cache->depth = 0;
			return 0;
		}
		to->pc = f->pc;
		to->sp = f->sp;
		to->rbp = f->rbp;
		to->node = node;
		to->checks = (uint32_t)(check - cache->check);
		to++->flags = needs;
	}
	cache->depth = depth + fresh;
	return node;
}

uint32_t stack_remember(struct stack_cache *cache, uintptr_t pc, uintptr_t sp, uintptr_t rbp)
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
	struct memo *m = memo_at(cache->memo, top->pc, top->sp);
	uint32_t count = top->checks - base->checks;

	if (m->pc != top->pc || m->sp != top->sp || m->node != top->node) {
		m->pc = top->pc;
		m->sp = top->sp;
		m->node = top->node;
		m->base = MEMO_ONCE;
		return;
	}
	if (count > MEMO_CHECKS || cache->depth - stays > MEMO_CHECKS || top->flags & STACK_EXACT)
		return;
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

uint32_t (*stack_managed)(uintptr_t pc, uint32_t module);

/* Puts the frames inside a runtime's code below what the runtime says about the rest. The cache does not know that, and is
 * not asked alone again while such code is in the stack. */
static uint32_t join_managed(struct stack_cache *cache, uint32_t node)
{
	uint32_t outer = cache->depth;

	while (outer && trace_node_module(state_node(cache->frame[outer - 1].node)))
		outer--;
	if (!outer || outer == cache->depth)
		return node;
	cache->valid = 0;
	const struct trace_node *entry = state_node(cache->frame[outer].node);
	uint32_t joined = stack_managed(trace_node_pc(entry), trace_node_module(entry));

	if (!joined)
		return node;
	for (; outer < cache->depth && joined; outer++) {
		const struct trace_node *n = state_node(cache->frame[outer].node);

		joined = tree_child(joined, n->where, n->flags & TRACE_NODE_EXACT);
	}
	return joined ? joined : node;
}

uint32_t stack_walk(struct stack_cache *cache, uintptr_t pc, uintptr_t sp, uintptr_t rbp)
{
	uint32_t generation = __atomic_load_n(&modules_state.generation, __ATOMIC_ACQUIRE);
	uint32_t stays, fresh, node;
	int is_met;

	if (cache->generation != generation || cache->is_cut)
		cache->depth = 0;
	cache->generation = generation;
	cache->check[0] = (struct stack_check){&never_word, 1};
	cache->fresh[0].pc = pc;
	cache->fresh[0].sp = sp;
	cache->fresh[0].rbp = rbp;
	cache->fresh[0].flags = 0;
	stays = cache->depth;
	fresh = walk_plainly(cache, &stays, &is_met);
	if (__builtin_expect(is_met && fresh + stays <= TRACE_STACK_MAX, 1)) {
		node = cache_extend_plainly(cache, stays, fresh);
	} else {
		fresh = walk_fresh(cache, &stays, fresh);
		if (fresh + stays > TRACE_STACK_MAX) {
			stays = 0;
			fresh = walk_fresh(cache, &stays, 0);
		}
		if (!stays) {
			uint32_t last = cfi_kind(cache->fresh[fresh - 1].rule);

			cache->is_cut = fresh == TRACE_STACK_MAX && last != CFI_END;
			cache->is_proper = last == CFI_END && !cache->walk.is_guessing;
		}
		if (!cache->is_proper)
			cache->walk.window_low = cache->walk.window_high = 0;
		node = cache_extend(cache, stays, fresh);
	}
	cache->valid = cache->is_cut || !cache->depth ? 0 : generation;
	if (__builtin_expect(stack_managed != 0, 0) && node)
		node = join_managed(cache, node);
	else if (node && stays && cache->is_proper)
		memo_keep(cache, stays, rbp);
	if (!node)
		state_drop(TRACE_DROP_STACK);
	else if (cache->is_cut)
		state_drop(TRACE_DROP_STACK_CUT);
	return node;
}

void stack_bounds(struct stack_cache *cache, uintptr_t low, uintptr_t high)
{
	cache->depth = cache->valid = cache->scope = 0;
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
