/* SPDX-License-Identifier: MIT */
/* Frees of what is no living block. Laws in wrong.h. */
#include "wrong.h"

#include "area.h"
#include "index.h"
#include "modules.h"
#include "readable.h"
#include "real.h"
#include "thread.h"
#include "tree.h"
#include "rules.h"

#define FINDINGS 512u
#define SEARCHES 4096u /* for the block around an address; beyond them nothing more is told */
#define RED_ZONE 128u
#define SIZE_BEFORE 8u /* an allocator's word before a block, which is looked at when it is let go */
#define NEIGHBOURS (1ul << 21)
#define GLIBC_ALIGN 16u
#define GLIBC_LEAST 32u /* bytes of a block with its word */
#define GLIBC_MAPPED ((uintptr_t)2)
#define GLIBC_FLAGS ((uintptr_t)7)
#define GLIBC_IN_USE ((uintptr_t)1) /* in the word behind a block: it is */
#define GLIBC_CACHED 1000u /* bytes of a block that a thread's cache takes */
#define LOW ((1ull << 48) - 1) /* of a word: an address */

AREA_ELEMENT(finding_at, trace_finding, FINDING)

/* The living block whose granule an array names, if it reaches to `address`. */
static const struct trace_block *reaching(uint32_t entry, uintptr_t address)
{
	uint32_t slot = index_slot(entry);
	const struct trace_block *b = slot ? state_block(slot) : 0;
	uint64_t where = b ? __atomic_load_n(&b->where, __ATOMIC_ACQUIRE) : 0;
	uintptr_t start = (uintptr_t)(where & ((1ull << TRACE_ADDRESS_BITS) - 1));

	return start && address > start && address - start < trace_block_size(b) ? b : 0;
}

/* The living block that `address` lies inside of, 0 if none was found. Blocks of an array are at most four of its granules
 * long, but for those of the coarsest, which are looked for in the address's own leaf and the one before it. */
static const struct trace_block *around(uintptr_t address)
{
	static const struct { uint32_t at, shift; } arrays[] = {
		{INDEX_AT_128, 7}, {INDEX_AT_512, 9}, {INDEX_AT_2048, 11}};
	uint32_t *leaf = index_leaf(address);
	uintptr_t offset = address & (INDEX_LEAF_SPAN - 1);
	const struct trace_block *b = 0;

	for (uint32_t back = 0; leaf && !b && back <= 128u >> index_fine_shift && back <= offset >> index_fine_shift; back++)
		b = reaching(leaf[INDEX_AT_FINE + (offset >> index_fine_shift) - back], address);
	for (uint32_t i = 0; leaf && !b && i < sizeof arrays / sizeof *arrays; i++)
		for (uintptr_t at = offset >> arrays[i].shift, left = arrays[i].shift == 11 ? at : at < 4 ? at : 4; !b; at--, left--) {
			b = reaching(leaf[arrays[i].at + at], address);
			if (!left)
				break;
		}
	leaf = b || address < INDEX_LEAF_SPAN ? 0 : index_leaf(address - INDEX_LEAF_SPAN);
	for (uintptr_t at = INDEX_LEAF_SPAN >> 11; leaf && !b && at--;)
		b = reaching(leaf[INDEX_AT_2048 + at], address);
	return b;
}

/* Where an address was let go, and by whom. */
struct freed {
	uint64_t where, pc; /* as struct thread_freed; where 0: not known */
	uint32_t thread;
};

/* The last time that a thread let it go. Another thread may be at its memory. */
static struct freed freed_by(const struct thread *t, uintptr_t address)
{
	uint32_t next = __atomic_load_n(&t->freed_next, __ATOMIC_ACQUIRE);

	for (uint32_t i = 1; i <= THREAD_FREED; i++) {
		const struct thread_freed *f = &t->freed[(next - i) % THREAD_FREED];
		struct freed found = {__atomic_load_n(&f->where, __ATOMIC_ACQUIRE), __atomic_load_n(&f->pc, __ATOMIC_ACQUIRE), t->identity};

		if ((found.where & LOW) == address && __atomic_load_n(&f->where, __ATOMIC_ACQUIRE) == found.where)
			return found;
	}
	return (struct freed){0, 0, 0};
}

/* Before there was a trace. */
static struct freed freed_untraced(const struct thread *t, uintptr_t address)
{
	for (uint32_t i = 0; i < WRONG_INHERITED; i++)
		if (wrong_state.freed[i].address == address)
			return (struct freed){address, wrong_state.freed[i].pc, t->identity};
	return (struct freed){0, 0, 0};
}

/* By the running thread, else by another one. */
static struct freed freed_before(const struct thread *t, uintptr_t address)
{
	struct freed found = freed_by(t, address);

	for (t = __atomic_load_n(&thread_state.all, __ATOMIC_ACQUIRE); t && !found.where; t = t->next)
		found = freed_by(t, address);
	return found.where || !wrong_state.next ? found : freed_untraced(thread_current, address);
}

/* The site of a block that was let go, if its slot has no other one yet. */
static uint32_t site_of(const struct freed *f)
{
	uint32_t slot = (uint32_t)(f->where >> 48 << 16 | f->pc >> 48);
	const struct trace_block *b = slot ? state_block(slot) : 0;

	return b && !__atomic_load_n(&b->where, __ATOMIC_ACQUIRE) ? b->site : 0;
}

/* A stack of one frame. */
static uint32_t node_of(uintptr_t pc)
{
	struct cfi_source source;

	return tree_child(state.header->root, pc | (uint64_t)modules_find(pc, &source) << TRACE_PC_BITS, 0);
}

static struct trace_finding *find(enum trace_finding_kind kind, uint32_t node)
{
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_FINDING].used;

	for (uint32_t i = 1; i < used; i++)
		if (finding_at(i)->kind == (uint32_t)kind && finding_at(i)->node == node)
			return finding_at(i);
	if (used > FINDINGS)
		return 0;
	used = area_take(TRACE_AREA_FINDING, 1);
	return used ? finding_at(used) : 0;
}

/* A wrong free under way. */
struct wrong {
	uintptr_t address;
	uint32_t family;
	const struct live_caller *from;
};

static void tell(struct thread *t, enum trace_finding_kind kind, const struct wrong *w, uint32_t made_site, const struct freed *before)
{
	const struct live_caller *from = w->from;

	uint32_t node = stack_capture(&t->stack, from->pc, from->sp, from->rbp);
	uint32_t end_node = before ? node_of((uintptr_t)(before->pc & LOW)) : 0;
	uint64_t now = state_now();

	state_lock(&live_state.lock_mismatch);
	struct trace_finding *f = find(kind, node);

	if (f) {
		f->thread = t->identity;
		f->address = w->address;
		f->last_time = now;
		f->times++;
		if (!f->kind) {
			f->node = node;
			f->count = (int32_t)w->family;
			f->made_node = made_site ? state_site(made_site)->node : 0;
			f->end_node = end_node;
			f->end_thread = end_node ? before->thread : 0;
			f->first_time = now;
			__atomic_store_n(&f->kind, kind, __ATOMIC_RELEASE);
		}
	}
	state_unlock(&live_state.lock_mismatch);
}

static int is_static(uintptr_t address)
{
	struct cfi_source source;

	return modules_find(address, &source) != 0;
}

/* Returns 1 if it was let go before. */
static int tell_twice(struct thread *t, const struct wrong *w)
{
	struct freed before = {0, 0, 0};

	if (live_is_whole())
		before = freed_before(t, w->address);
	if (before.where)
		tell(t, TRACE_FINDING_FREED_TWICE, w, site_of(&before), &before);
	return before.where != 0;
}

/* Is the word before an address readable? Where its neighbours are it is not asked for: glibc's free reads it first of all, and a
 * child may let go of millions. */
static int is_word_readable(uintptr_t address)
{
	uintptr_t region = address / NEIGHBOURS + 1;

	if (region == wrong_state.region)
		return 1;
	if (!readable_word(address - SIZE_BEFORE))
		return 0;
	wrong_state.region = region;
	return 1;
}

/* Would glibc's own free refuse an address? It keeps a word before each block, with the size and three bits, and before that
 * the distance to where a mapping of its own begins. Those of a living block no other thread changes. */
static int is_no_block(uintptr_t address)
{
	const uintptr_t *block = (const uintptr_t *)address - 2;

	if (!real.is_glibc)
		return 0;
	if (address % GLIBC_ALIGN || !is_word_readable(address))
		return 1;
	uintptr_t size = block[1] & ~GLIBC_FLAGS;
	if (block[1] & GLIBC_MAPPED)
		return (((uintptr_t)block - block[0]) | (block[0] + size)) % READABLE_PAGE != 0;
	uintptr_t behind = address + size - SIZE_BEFORE;

	return size < GLIBC_LEAST || size % GLIBC_ALIGN || (uintptr_t)block > -size ||
	       (behind / READABLE_PAGE != address / READABLE_PAGE && !readable_word(behind));
}

/* What a thread's cache writes into the second word of a block that it keeps: a random number. */
static uintptr_t cache_mark(void)
{
	volatile uintptr_t *block = real.malloc(GLIBC_CACHED);

	if (!block)
		return 0;
	real.free((void *)block);
	return block[1];
}

/* Do glibc's words say that it has an address back? What it is about to let pass is told too. The caches do not take the mark
 * away where a thread ends, so that a block of which nothing is known may have it. */
static int is_given_back(uintptr_t address)
{
	const uintptr_t *block = (const uintptr_t *)address;
	uintptr_t size = block[-1] & ~GLIBC_FLAGS, mark;

	if (!real.is_glibc || block[-1] & GLIBC_MAPPED)
		return 0;
	if (!(block[size / sizeof *block - 1] & GLIBC_IN_USE))
		return 1;
	if (!live_is_whole() || state.header->flags & TRACE_FLAG_FORKED)
		return 0;
	mark = cache_mark();
	return mark && block[1] == mark;
}

void wrong_free(struct thread *t, uintptr_t address, uint32_t family, const struct live_caller *from)
{
	static uint32_t searches;
	const struct wrong w = {address, family, from};
	const struct trace_block *b;

	if (trace_level(state.header) != TRACE_LEVEL_PARANOID)
		return;
	if (from->sp >= t->stack.walk.low && address >= from->sp - RED_ZONE && address < t->stack.walk.high) {
		tell(t, TRACE_FINDING_FREED_STACK, &w, 0, 0);
		return;
	}
	if (__atomic_fetch_add(&searches, 1, __ATOMIC_RELAXED) >= SEARCHES)
		return;
	if (tell_twice(t, &w))
		return;
	b = around(address);
	if (b)
		tell(t, TRACE_FINDING_FREED_INSIDE, &w, b->site, 0);
	else if (is_static(address))
		tell(t, TRACE_FINDING_FREED_STATIC, &w, 0, 0);
	else if (is_no_block(address))
		tell(t, TRACE_FINDING_FREED_FOREIGN, &w, 0, 0);
	else if (is_given_back(address))
		tell(t, TRACE_FINDING_FREED_TWICE, &w, 0, 0);
	else
		wrong_remember(t, address, 0, from->pc); /* of a fork's parent, or older than the trace */
}

static int is_inherited_twice(uintptr_t address)
{
	for (uint32_t i = 0; i < WRONG_INHERITED; i++)
		if (wrong_state.freed[i].address == address)
			return 1;
	return 0;
}

void wrong_free_untraced(uintptr_t address, uint32_t family, int is_sure, const struct live_caller *from)
{
	if (!thread_upper.begin) /* it will have no trace */
		return;
	if (is_inherited_twice(address) || is_no_block(address)) {
		struct thread *t = thread_enter(from->sp, 0);

		if (t) {
			wrong_free(t, address, family, from);
			thread_leave(t);
		}
		return;
	}
	if (!is_sure)
		return;
	uint32_t i = wrong_state.next++ % WRONG_INHERITED;

	wrong_state.freed[i].address = address;
	wrong_state.freed[i].pc = from->pc;
}

void wrong_fault(uintptr_t fault, uintptr_t pc, uintptr_t rbp)
{
	struct cfi_source source;
	struct thread *t = thread_current;
	uint32_t own = modules_find((uintptr_t)wrong_fault, &source);

	if (!state.tracing || (uintptr_t)t <= 1 || !own || modules_find(pc, &source) != own ||
	    trace_level(state.header) != TRACE_LEVEL_PARANOID)
		return;
	struct live_caller from = live_caller((const uintptr_t *)rbp);
	struct wrong w = {fault + SIZE_BEFORE, TRACE_FAMILY_MALLOC, &from};

	if (!tell_twice(t, &w) && w.address % READABLE_PAGE == 0) /* a mapping begins there */
		tell(t, TRACE_FINDING_FREED_FOREIGN, &w, 0, 0);
}
