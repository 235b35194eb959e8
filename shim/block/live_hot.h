/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LIVE_HOT_H
#define LEAKSHIM_LIVE_HOT_H
/*
 * The parts of live.c that every malloc and free passes through, inline. What is rare is
 * called out of line; the laws are those of live.h.
 */
#include "index.h"
#include "live.h"
#include "release.h"
#include "sample.h"
#include "settings.h"
#include "slots.h"

/* live.c */
void live_count_elsewhere(struct thread *t, uint32_t site, uint32_t blocks, int64_t bytes);
uint32_t live_site_make(struct thread *t, uint32_t node);
void live_dig_up(struct thread *t);
void live_displaced(struct thread *t, uint32_t slot);
struct live_taken;
void live_released(struct thread *t, const struct live_taken *taken, const struct live_caller *from);
void live_gone_elsewhere(const struct live_taken *taken);
void live_bury(uint32_t slot, struct trace_block *b);

#define LIVE_ODD 7u /* tag of an entry whose block only live_take lets go; else it is the family */
#define LIVE_PENDING_MOST 0x80000000u /* blocks that an entry counts before it is flushed */

static inline struct trace_pending *live_pending(struct thread *t, uint32_t site)
{
	return &t->pending[site & (THREAD_PENDING - 1)];
}

/* The calling thread counts at this site in a pending entry: the site is another's, who writes to its cache line all the
 * time. It is not even looked at. */
static inline int live_is_pending(struct thread *t, uint32_t site)
{
	return t->has_pending && live_pending(t, site)->site == site;
}

/* 0: the site is its own, or live_count_elsewhere must do it. */
static inline int live_count_pending(struct thread *t, uint32_t site, uint32_t blocks, int64_t bytes)
{
	struct trace_pending *p = live_pending(t, site);

	if (!t->has_pending || p->site != site || p->blocks >= LIVE_PENDING_MOST)
		return 0;
	p->blocks += blocks;
	p->bytes += blocks ? (uint64_t)bytes : 0;
	p->live += bytes;
	return 1;
}

static inline void live_count_made(struct thread *t, struct thread_site *at, int64_t size)
{
	struct trace_site *s = at->own;

	if (!s) {
		if (!live_count_pending(t, at->site, 1, size))
			live_count_elsewhere(t, at->site, 1, size);
		return;
	}
	uint64_t bytes = s->own_bytes + (uint64_t)size;
	uint32_t blocks = s->own_blocks + 1;

	if (__builtin_expect((s->owner & ~TRACE_SITE_SHARED) != t->owner || bytes >> 32 || !blocks, 0)) {
		if ((s->owner & TRACE_SITE_OWNER) != t->owner)
			at->own = 0;
		live_count_elsewhere(t, at->site, 1, size);
		return;
	}
	s->own_blocks = blocks;
	s->own_bytes = (uint32_t)bytes;
	int64_t live = s->own_live + size;
	s->own_live = live;
	if (live > s->peak)
		s->peak = live;
}

/* How many blocks the calling thread has counted at a site. */
static inline uint32_t live_blocks_before(struct thread *t, const struct thread_site *at)
{
	if (at->own)
		return at->own->own_blocks;
	return live_is_pending(t, at->site) ? live_pending(t, at->site)->blocks : 0;
}

/* The site of a stack; the root's site stands for all stacks that could not be recorded. 0: there is no space for one. */
static inline struct thread_site *live_site(struct thread *t, uint32_t node)
{
	if (__builtin_expect(!node, 0))
		node = state.header->root;
	struct thread_site *at = &t->sites[node & (THREAD_SITES - 1)];
	if (__builtin_expect(at->node == node, 1))
		return at;
	uint32_t site = __atomic_load_n(&state_node(node)->site, __ATOMIC_ACQUIRE);
	if (__builtin_expect(!site, 0) && !(site = live_site_make(t, node)))
		return 0;
	at->node = node;
	at->site = site;
	at->own = live_is_pending(t, site) ? 0 : state_site(site);
	at->gap = 0;
	at->unwatched = t->watch_credit > 0 || settings.watch_all || thread_focus.on ? 0 : RELEASE_GAP_POOR;
	if (__builtin_expect(at->unwatched && release_upper.made, 0))
		at->unwatched = release_wait(live_blocks_before(t, at));
	return at;
}

/* The entry of a new block; 0: no space. */
static inline uint32_t *live_entry(uintptr_t address, uint64_t size)
{
	uint32_t *leaf = index_leaf(address);

	if (__builtin_expect(!leaf, 0) && !(leaf = index_grow(address))) {
		state_drop(TRACE_DROP_NO_SPACE);
		return 0;
	}
	return index_own(leaf, address, size);
}

static inline __attribute__((always_inline)) void live_write(struct thread *t, uint32_t *entry, uint64_t where, uint64_t what,
							     uint32_t site, uint32_t time, uint32_t is_watched)
{
	if (__builtin_expect(!t->free_slots && live_state.graves, 0))
		live_dig_up(t);
	struct trace_block *b;
	uint32_t slot = slots_take(t, &b);

	if (__builtin_expect(!slot, 0))
		return;
	if (__builtin_expect(*entry != 0, 0))
		live_displaced(t, index_slot(*entry));
	__builtin_prefetch(b + 3, 1); /* most likely the next one's */
	b->what = what;
	b->site = site;
	b->time = time;
	__atomic_store_n(&b->where, where, __ATOMIC_RELEASE);
	*entry = slot | ((what >> 44 & 15) | is_watched ? LIVE_ODD : (uint32_t)(what >> 40) & 7) << INDEX_SLOT_BITS;
	if (__builtin_expect(what >> 44 & 15, 0))
		sample_count(where & ((1ull << TRACE_ADDRESS_BITS) - 1), 1);
}

static inline __attribute__((always_inline)) void live_insert(struct thread *t, uintptr_t address, uint64_t size, uint32_t family,
			       uint32_t rate, const struct live_caller *from)
{
	uint32_t *entry = live_entry(address, size);

	if (__builtin_expect(!entry, 0))
		return;
	__builtin_prefetch(entry, 1); /* it comes while the stack is looked at */
	uint32_t node = stack_capture(&t->stack, from->pc, from->sp, from->rbp);
	struct thread_site *at = live_site(t, node);

	if (__builtin_expect(!at, 0)) {
		state_drop(TRACE_DROP_SITE);
		return;
	}
	if (at->own)
		__builtin_prefetch(at->own, 1);
	uint64_t now = state_now();
	uint32_t is_watched = 0;
	if (__builtin_expect(at->unwatched-- == 0, 0))
		is_watched = release_watch(t, at, live_blocks_before(t, at), address, (uint32_t)now);
	if (__builtin_expect(size > TRACE_SIZE_MAX, 0))
		size = TRACE_SIZE_MAX;
	live_write(t, entry, address | (uint64_t)t->identity << 48,
		   size | (uint64_t)family << 40 | (uint64_t)rate << 44 | now >> 32 << 48 | (uint64_t)(live_state.cut != 0) << 63, at->site,
		   (uint32_t)now, is_watched);
	live_count_made(t, at, (int64_t)size);
}

/* Taken field by field: a wide copy would wait for the narrow stores that made the block. */
struct live_taken {
	uint64_t where, what;
	uint32_t site, time;
	uint32_t slot; /* that it lay in, 0: not followed */
	uint32_t is_watched; /* release_note wants to know where it ends */
};

/* Takes a block out before it is released. where is 0 if it was not followed. Its site counts it as
 * live until live_gone, after the real free: the site's cache line comes meanwhile. */
static inline __attribute__((always_inline)) struct live_taken live_take(struct thread *t, uintptr_t address)
{
	struct live_taken taken = {0, 0, 0, 0, 0, 0};
	uint32_t *entry = index_find(address);

	if (!entry)
		return taken;
	uint32_t slot = index_slot(*entry);
	struct trace_block *b = state_block(slot);

	taken.slot = slot;
	taken.where = b->where;
	taken.what = b->what;
	taken.site = b->site;
	taken.time = b->time;
	taken.is_watched = *entry >> INDEX_SLOT_BITS == LIVE_ODD && !(taken.what >> 44 & 15);
	*entry = 0;
	if (!live_is_pending(t, taken.site))
		__builtin_prefetch(state_site(taken.site), 1);
	if (__builtin_expect(taken.what >> 44 & 15, 0))
		sample_count(address, -1);
	if (__builtin_expect(live_state.cut != 0, 0)) {
		live_bury(slot, b);
		return taken;
	}
	__atomic_store_n(&b->where, 0, __ATOMIC_RELEASE);
	slots_give(t, slot);
	return taken;
}

/* The taken block was released. The thread's state need not be entered. */
static inline void live_gone(const struct live_taken *taken)
{
	struct thread *t = thread_current;

	if (!taken->where)
		return;
	struct trace_site *s = state_site(taken->site);
	if (__builtin_expect((uintptr_t)t > 1 && (s->owner & TRACE_SITE_OWNER) == t->owner, 1))
		s->own_live -= (int64_t)(taken->what & TRACE_SIZE_MAX);
	else
		live_gone_elsewhere(taken);
}

/*
 * The same in two halves, for the usual case: live_kill clears the entry and the seal without looking at the record,
 * which would often have to come from far away; it becomes the thread's `due`, and what it said is read by live_settle
 * in the thread's next call, when it has come. An entry whose block was let go behind our back leads to that
 * block's record, which has no more right to live. Slot 0: live_take must do it.
 */
static inline struct thread_due live_kill(uintptr_t address, uint32_t family)
{
	struct thread_due killed = {0, 0};
	uint32_t *leaf = index_leaf(address);

	if (__builtin_expect(!leaf, 0))
		return killed;
	/* most blocks are small: it comes while the size does */
	__builtin_prefetch(leaf + INDEX_AT_FINE + ((address & (INDEX_LEAF_SPAN - 1)) >> INDEX_GLIBC), 1);
	uint32_t *entry = index_entry(leaf, address, index_distance(address));
	uint32_t slot = *entry ^ family << INDEX_SLOT_BITS;

	if (__builtin_expect(slot - 1 >= (1u << INDEX_SLOT_BITS) - 1, 0))
		return killed;
	*entry = 0;
	killed.slot = slot;
	killed.block = state_block(slot);
	__atomic_store_n(&killed.block->where, 0, __ATOMIC_RELEASE);
	return killed;
}

static inline __attribute__((always_inline)) void live_settle(struct thread *t)
{
	struct thread_due due = t->due;

	t->due.slot = 0;
	if (!due.slot)
		return;
	uint32_t site = due.block->site;
	int64_t size = (int64_t)(due.block->what & TRACE_SIZE_MAX);
	if (!live_count_pending(t, site, 0, -size)) {
		struct trace_site *s = state_site(site);

		if (__builtin_expect((s->owner & TRACE_SITE_OWNER) == t->owner, 1))
			s->own_live -= size;
		else
			live_count_elsewhere(t, site, 0, -size);
	}
	slots_give(t, due.slot);
}

static inline uint32_t live_family(const struct live_taken *taken)
{
	return (uint32_t)(taken->what >> 40) & 7;
}
#endif
