/* SPDX-License-Identifier: MIT */
/* Live blocks and the totals of their sites. Laws in live.h. */
#include "live.h"

#include <errno.h>
#include <string.h>

#include "area.h"
#include "live_hot.h"
#include "tail.h"
#include "rules.h"

/* Of threads for which there was no room: nothing is ever counted in it. */
static struct trace_pending no_pending[THREAD_PENDING];

void (*live_cut_over)(void);

#define INTERRUPTED_YIELDS 100 /* then the peak of the site stays too high by the block */

/* The SHARED element of a site, made on first use; 0: no space. yields: as for area_reserve_within, -1: wait. */
static struct trace_shared *shared_of(uint32_t site, int yields)
{
	struct trace_site *s = state_site(site);

	if (__atomic_load_n(&s->owner, __ATOMIC_ACQUIRE) & TRACE_SITE_SHARED)
		return state_shared(site);
	int r = yields < 0 ? area_reserve(TRACE_AREA_SHARED, site + 1ull)
			   : area_reserve_within(TRACE_AREA_SHARED, site + 1ull, yields);
	if (!r)
		r = area_present(state_shared(site), sizeof(struct trace_shared));
	if (r) {
		if (r != -EAGAIN && !state.ending)
			state_drop(TRACE_DROP_NO_SPACE);
		return 0;
	}
	__atomic_fetch_or(&s->owner, TRACE_SITE_SHARED, __ATOMIC_RELEASE);
	return state_shared(site);
}

/* Adds to what the owner of a site has no room for. */
static struct trace_shared *shared_add(uint32_t site, uint64_t blocks, uint64_t bytes, int yields)
{
	struct trace_shared *shared = shared_of(site, yields);

	if (shared) {
		__atomic_fetch_add(&shared->blocks, blocks, __ATOMIC_RELAXED);
		__atomic_fetch_add(&shared->bytes, bytes, __ATOMIC_RELAXED);
	}
	return shared;
}

/* Adds what others than the owner of a site have counted. */
static void others_add(uint32_t site, uint64_t blocks, uint64_t bytes, int64_t live, int yields)
{
	struct trace_shared *shared = shared_add(site, blocks, bytes, yields);
	struct trace_site *s = state_site(site);

	if (!shared)
		return;
	if (!(__atomic_load_n(&s->owner, __ATOMIC_RELAXED) & TRACE_SITE_OTHERS))
		__atomic_fetch_or(&s->owner, TRACE_SITE_OTHERS, __ATOMIC_RELAXED);
	live = __atomic_add_fetch(&shared->live, live, __ATOMIC_RELAXED) + __atomic_load_n(&s->own_live, __ATOMIC_RELAXED);
	if (live > __atomic_load_n(&s->peak, __ATOMIC_RELAXED))
		__atomic_store_n(&s->peak, live, __ATOMIC_RELAXED);
}

/* Adds a pending entry to its site's shared totals and empties it. */
static void pending_flush(struct trace_pending *p)
{
	struct trace_pending old = *p;

	if (!old.site)
		return;
	__atomic_store_n(&p->site, 0, __ATOMIC_RELEASE);
	others_add(old.site, old.blocks, old.bytes, old.live, -1);
}

/* By the owner of a site at which others count too, or where a number no longer fits. */
static void count_own(uint32_t site, uint32_t blocks, int64_t bytes)
{
	struct trace_site *s = state_site(site);
	uint64_t all = s->own_bytes + (blocks ? (uint64_t)bytes : 0);

	if (all >> 32 || s->own_blocks + blocks < s->own_blocks) {
		shared_add(site, (uint64_t)s->own_blocks + blocks, all, -1);
		s->own_blocks = blocks = 0;
		all = 0;
	}
	s->own_blocks += blocks;
	s->own_bytes = (uint32_t)all;
	s->own_live += bytes;
	int64_t live = s->own_live + (s->owner & TRACE_SITE_OTHERS
					      ? __atomic_load_n(&state_shared(site)->live, __ATOMIC_RELAXED) : 0);
	if (live > s->peak)
		s->peak = live;
}

void live_count_elsewhere(struct thread *t, uint32_t site, uint32_t blocks, int64_t bytes)
{
	if ((state_site(site)->owner & TRACE_SITE_OWNER) == t->owner) {
		count_own(site, blocks, bytes);
		return;
	}
	if (t->pending == no_pending)
		return;
	struct trace_pending *p = live_pending(t, site);

	if (p->site != site || p->blocks >= LIVE_PENDING_MOST) {
		pending_flush(p);
		p->blocks = 0;
		p->bytes = 0;
		p->live = 0;
		t->has_pending = 1;
		__atomic_store_n(&p->site, site, __ATOMIC_RELEASE);
	}
	p->blocks += blocks;
	p->bytes += blocks ? (uint64_t)bytes : 0;
	p->live += bytes;
}

/* A site not in use. A thread takes two that share a cache line, which no other thread will write to. */
static uint32_t site_take(struct thread *t)
{
	uint32_t site = t->spare_site;

	t->spare_site = 0;
	if (site || !(site = area_take(TRACE_AREA_SITE, 1)) || site & 1)
		return site;
	t->spare_site = area_take(TRACE_AREA_SITE, 1); /* behind lock_sites: the next one */
	return site;
}

uint32_t live_site_make(struct thread *t, uint32_t number)
{
	struct trace_node *node = state_node(number);

	state_lock(&live_state.lock_sites);
	uint32_t site = node->site;
	if (!site) {
		site = site_take(t);
		if (site) {
			struct trace_site *s = state_site(site);

			s->owner = t->owner;
			if (thread_focus.on && thread_focus.is_wanted(number))
				s->owner |= TRACE_SITE_FOCUS;
			__atomic_store_n(&s->node, number, __ATOMIC_RELEASE);
			__atomic_store_n(&node->site, site, __ATOMIC_RELEASE);
		}
	}
	state_unlock(&live_state.lock_sites);
	return site;
}

/* While a scan looks at the heap of its cut, a block that is let go leaves its entry. */
void live_bury(uint32_t slot, struct trace_block *b)
{
	b->what |= (uint64_t)TRACE_FAMILY_GONE << 40;
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	b->time = live_state.cut;
	uint32_t head = __atomic_load_n(&live_state.graves, __ATOMIC_RELAXED);
	do
		b->site = head;
	while (!__atomic_compare_exchange_n(&live_state.graves, &head, slot, 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED));
	if (!(slot & 255))
		live_cut_over();
}

/* Gives the graves of scans that are over back. With one taker only, a slot cannot come back between
 * the two looks at it. */
void live_dig_up(struct thread *t)
{
	state_lock(&slots_state.lock);
	for (uint32_t count = 0; !live_state.cut && count < SLOTS_GROUP; count++) {
		uint32_t slot = __atomic_load_n(&live_state.graves, __ATOMIC_ACQUIRE);

		if (!slot)
			break;
		struct trace_block *b = state_block(slot);
		if (!__atomic_compare_exchange_n(&live_state.graves, &slot, b->site, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
			continue;
		__atomic_store_n(&b->where, 0, __ATOMIC_RELEASE);
		slots_give(t, slot);
	}
	state_unlock(&slots_state.lock);
}

/* An entry that still names a block means that it was released behind our back. */
void live_displaced(struct thread *t, uint32_t slot)
{
	struct trace_block *b = state_block(slot);
	uint64_t size = trace_block_size(b);

	if (!trace_block_address(b))
		return;
	__atomic_store_n(&b->where, 0, __ATOMIC_RELEASE);
	live_count_elsewhere(t, b->site, 0, -(int64_t)size);
	slots_give(t, slot);
	state_drop(TRACE_DROP_MISSED_FREE);
}

void live_put_back(struct thread *t, const struct live_taken *taken)
{
	uint32_t *entry = live_entry(taken->where & ((1ull << TRACE_ADDRESS_BITS) - 1), taken->what & TRACE_SIZE_MAX);

	if (entry)
		live_write(t, entry, taken->where, taken->what, taken->site, taken->time,
			   taken->is_watched);
}

void live_gone_elsewhere(const struct live_taken *taken)
{
	struct thread *t = thread_current;
	int64_t size = (int64_t)(taken->what & TRACE_SIZE_MAX);
	uint32_t mode = (uintptr_t)t > 1 ? t->mode : THREAD_ASIDE;

	if (mode == THREAD_ASIDE) { /* no state of its own to count in, or a signal handler in its midst */
		others_add(taken->site, 0, 0, -size, INTERRUPTED_YIELDS);
		return;
	}
	t->mode = THREAD_ASIDE;
	t->busy_sp = (uintptr_t)__builtin_frame_address(0);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	live_count_elsewhere(t, taken->site, 0, -size);
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	t->busy_sp = 0;
	t->mode = mode;
}

/* Does the block of an index entry contain an address? Its slot, 0 else. */
static uint32_t contains(uint32_t entry, uintptr_t address)
{
	uint32_t slot = index_slot(entry);
	const struct trace_block *b = slot ? state_block(slot) : 0;

	return b && trace_block_address(b) && address - trace_block_address(b) < trace_block_size(b) ? slot : 0;
}

#define AROUND_LEAVES 16u /* a pointer into a block leads at most so far from its start */

/* Looks at each place where one could begin. */
uint32_t live_find_around(uintptr_t address)
{
	static const struct { uint32_t at, shift, back; } arrays[] = {
		{INDEX_AT_FINE, 0, 128}, {INDEX_AT_128, 7, 512}, {INDEX_AT_512, 9, 2048}, {INDEX_AT_2048, 11, 0}};
	uint32_t slot = live_find(address);

	for (size_t i = 0; i < sizeof arrays / sizeof *arrays && !slot && index_state.root; i++) {
		unsigned shift = i ? arrays[i].shift : index_fine_shift;
		uintptr_t most = i < 3 ? arrays[i].back : INDEX_LEAF_SPAN * AROUND_LEAVES;
		uintptr_t low = address > most ? (address - most) >> shift : 0;

		for (uintptr_t at = address >> shift; at + 1 > low && !slot; at--) {
			const uint32_t *leaf = index_leaf(at << shift);

			if (!leaf && shift == 11) /* nothing begins in it */
				at &= ~((INDEX_LEAF_SPAN >> shift) - 1);
			else if (leaf)
				slot = contains(leaf[arrays[i].at + ((at << shift & (INDEX_LEAF_SPAN - 1)) >> shift)], address);
			if (!at)
				break;
		}
	}
	return slot;
}

void live_ignore(uintptr_t address)
{
	uint32_t slot = live_find_around(address);

	if (slot)
		__atomic_fetch_or(&state_block(slot)->what, TRACE_BLOCK_IGNORED, __ATOMIC_RELAXED);
}

uint32_t live_find(uintptr_t address)
{
	uint32_t *entry = index_state.root ? index_find(address) : 0;

	return entry ? index_slot(*entry) : 0;
}

int live_is_recorded(void)
{
	const struct trace_header *h = state.header;

	/* seen_allocations alone would not do: threads count what they skip for themselves at first */
	return trace_level(h) == TRACE_LEVEL_PARANOID && !h->seen_allocations && !h->drops[TRACE_DROP_NO_SPACE] &&
	       !h->drops[TRACE_DROP_REENTRANT] && !h->drops[TRACE_DROP_NO_THREAD] && !h->drops[TRACE_DROP_SITE];
}

int live_is_whole(void)
{
	return !thread_worked_for_us && !tail_deep && live_is_recorded();
}

/* A watched block is let go. */
void live_released(struct thread *t, const struct live_taken *taken, const struct live_caller *from)
{
	uint32_t node = stack_capture(&t->stack, from->pc, from->sp, from->rbp);

	if (release_upper.gone)
		release_upper.gone(taken->site, taken->where & ((1ull << TRACE_ADDRESS_BITS) - 1));
	release_note(taken->site, node, (taken->what >> 48 & 0x7fff) << 32 | taken->time,
		     taken->where >> TRACE_ADDRESS_BITS != t->identity);
}

void live_mismatch(struct thread *t, const struct live_taken *taken, uint32_t released_by,
		   const struct live_caller *from)
{
	uint32_t node = stack_capture(&t->stack, from->pc, from->sp, from->rbp);
	uint64_t now = state_now();
	struct trace_mismatch *m = 0;

	state_lock(&live_state.lock_mismatch);
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_MISMATCH].used;
	for (uint32_t i = 1; i < used && !m; i++) {
		struct trace_mismatch *old = state_mismatch(i);

		if (old->site == taken->site && old->node == node && old->released_by == released_by)
			m = old;
	}
	if (!m && used < 1u << AREA_SHIFT_MISMATCH) {
		uint32_t i = area_take(TRACE_AREA_MISMATCH, 1);

		if (i) {
			m = state_mismatch(i);
			m->site = taken->site;
			m->node = node;
			m->made_by = (uint16_t)live_family(taken);
			m->released_by = (uint16_t)released_by;
			m->first_us = now;
		}
	}
	if (m) {
		m->thread = t->identity;
		m->last_us = now;
		m->bytes += taken->what & TRACE_SIZE_MAX;
		__atomic_store_n(&m->count, m->count + 1, __ATOMIC_RELEASE);
	}
	state_unlock(&live_state.lock_mismatch);
}

void live_attach(struct thread *t)
{
	memset(t->sites, 0, sizeof t->sites);
	t->has_pending = 0;
	if (t->pending && t->pending != no_pending)
		return;
	if (!state.header->areas[TRACE_AREA_PENDING].used) /* tables then start at multiples of their size */
		area_take(TRACE_AREA_PENDING, THREAD_PENDING - 1);
	uint32_t first = area_take(TRACE_AREA_PENDING, THREAD_PENDING);
	t->pending = first ? state_pending(first) : no_pending;
}

void live_detach(struct thread *t)
{
	live_settle(t);
	if (thread_focus.on)
		thread_focus.ended(t);
	for (uint32_t i = 0; i < THREAD_PENDING; i++)
		pending_flush(&t->pending[i]);
	slots_leave(t);
}
