/* SPDX-License-Identifier: MIT */
/* Frees of what is no living block. Laws in wrong.h. */
#include "wrong.h"

#include "area.h"
#include "index.h"
#include "modules.h"
#include "tail.h"
#include "tree.h"
#include "rules.h"

#define FINDINGS 512u
#define SEARCHES 4096u /* for the block around an address; beyond them nothing more is told */
#define RED_ZONE 128u
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

/* Where this thread let the address go, the last time; 0: not known. */
static const struct thread_freed *freed_before(const struct thread *t, uintptr_t address)
{
	for (uint32_t i = 1; i <= THREAD_FREED; i++) {
		const struct thread_freed *f = &t->freed[(t->freed_next - i) % THREAD_FREED];

		if ((f->where & LOW) == address)
			return f;
	}
	return 0;
}

/* The site of a block that was let go, if its slot has no other one yet. */
static uint32_t site_of(const struct thread_freed *f)
{
	uint32_t slot = (uint32_t)(f->where >> 48 << 16 | f->pc >> 48);
	const struct trace_block *b = slot ? state_block(slot) : 0;

	return b && !__atomic_load_n(&b->where, __ATOMIC_ACQUIRE) ? b->site : 0;
}

/* Blocks may have come and gone unseen: an address that was let go may be another's by now. */
static int is_whole(void)
{
	const struct trace_header *h = state.header;

	return !thread_worked_for_us && !h->seen_allocations && !h->drops[TRACE_DROP_NO_SPACE] && !h->drops[TRACE_DROP_REENTRANT] &&
	       !h->drops[TRACE_DROP_NO_THREAD] && !tail_deep;
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

static void tell(struct thread *t, enum trace_finding_kind kind, uintptr_t address, uint32_t made_site, uintptr_t freed_pc,
		 const struct live_caller *from)
{
	uint32_t node = stack_capture(&t->stack, from->pc, from->sp, from->rbp);
	uint32_t end_node = freed_pc ? node_of(freed_pc) : 0;
	uint64_t now = state_now();

	state_lock(&live_state.lock_mismatch);
	struct trace_finding *f = find(kind, node);

	if (f) {
		f->thread = t->identity;
		f->address = address;
		f->last_time = now;
		f->times++;
		if (!f->kind) {
			f->node = node;
			f->made_node = made_site ? state_site(made_site)->node : 0;
			f->end_node = end_node;
			f->end_thread = end_node ? t->identity : 0;
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

void wrong_free(struct thread *t, uintptr_t address, const struct live_caller *from)
{
	static uint32_t searches;
	const struct thread_freed *before;
	const struct trace_block *b;

	if (trace_level(state.header) != TRACE_LEVEL_PARANOID)
		return;
	if (from->sp >= t->stack.walk.low && address >= from->sp - RED_ZONE && address < t->stack.walk.high) {
		tell(t, TRACE_FINDING_FREED_STACK, address, 0, 0, from);
		return;
	}
	before = is_whole() ? freed_before(t, address) : 0;
	if (before) {
		tell(t, TRACE_FINDING_FREED_TWICE, address, site_of(before), before->pc & LOW, from);
		return;
	}
	if (__atomic_fetch_add(&searches, 1, __ATOMIC_RELAXED) >= SEARCHES)
		return;
	b = around(address);
	if (b)
		tell(t, TRACE_FINDING_FREED_INSIDE, address, b->site, 0, from);
	else if (is_static(address))
		tell(t, TRACE_FINDING_FREED_STATIC, address, 0, 0, from);
}
