/* SPDX-License-Identifier: MIT */
/* Where the roots are, and reading them. */
#include "roots.h"

#include <elf.h>
#include <string.h>

#include "area.h"
#include "glibc.h"
#include "musl.h"
#include "sys.h"
#include "rules.h"

#define PAGE 4096u
#define RED_ZONE 128u
#define DESCRIPTOR_ALIGN 64u
#define DESCRIPTOR_SIZE 4096u /* more than any glibc's */

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

static int is_wanted(const struct reach_roots *r, uint32_t kind)
{
	return r->cut->roots >> kind & 1;
}

/* May stacks of threads lie there? */
static int is_private_anonymous(const struct reach_map *m)
{
	return m->flags & REACH_MAP_READ && m->flags & REACH_MAP_WRITE &&
	       !(m->flags & (REACH_MAP_FILE | REACH_MAP_SHARED | REACH_MAP_STACK | REACH_MAP_HEAP |
			     REACH_MAP_MODULE | REACH_MAP_DEVICE));
}

/* Our own data, which names many blocks. */
static void hide_ourselves(struct reach_roots *r)
{
	const unsigned char *base = (const unsigned char *)&__ehdr_start;
	const Elf64_Phdr *p = (const Elf64_Phdr *)(base + __ehdr_start.e_phoff);

	for (int i = 0; i < __ehdr_start.e_phnum; i++)
		if (p[i].p_type == PT_LOAD && p[i].p_flags & PF_W)
			reach_ranges_add(&r->holes, (uintptr_t)(base + p[i].p_vaddr) & ~(uintptr_t)(PAGE - 1),
					 ((uintptr_t)(base + p[i].p_vaddr) + p[i].p_memsz + PAGE - 1) &
						 ~(uintptr_t)(PAGE - 1),
					 0);
	for (uint32_t i = 0; i < r->cut->private_count; i++)
		reach_ranges_add(&r->holes, r->cut->privates[i].start,
				 r->cut->privates[i].start + r->cut->privates[i].size, 0);
	reach_ranges_add(&r->holes, (uintptr_t)r->cut->header, (uintptr_t)r->cut->header + r->cut->reserved, 0);
	reach_ranges_add(&r->holes, (uintptr_t)r->arena->start, (uintptr_t)r->arena->end, 0);
	for (size_t i = 0; i < sizeof r->cut->own / sizeof *r->cut->own; i++)
		reach_ranges_add(&r->holes, r->cut->own[i].start, r->cut->own[i].start + r->cut->own[i].size, 0);
}

/* May the program have put pointers there? What it has no access to it may have had: the stack's guards and reserved
 * address space never had a page. */
static int is_data(const struct reach_map *m)
{
	if (m->flags & REACH_MAP_WRITE || m->flags & REACH_MAP_MODULE)
		return 1;
	if (m->flags & (REACH_MAP_FILE | REACH_MAP_DEVICE))
		return m->flags & REACH_MAP_FORCED && m->flags & REACH_MAP_SHARED && m->resident;
	return !(m->flags & REACH_MAP_FORCED) || m->resident;
}

static void find_general(struct reach_roots *r)
{
	const struct reach_map *libc = r->cut->glibc ? reach_maps_find(r->maps, r->cut->glibc) : 0;

	for (uint32_t i = 0; i < r->maps->count; i++) {
		const struct reach_map *m = &r->maps->map[i];

		if (!is_data(m) || m->flags & REACH_MAP_STACK || (m->flags & REACH_MAP_HEAP && r->cut->glibc))
			continue;
		reach_ranges_add(&r->general, m->start, m->end,
				 m->flags & REACH_MAP_MODULE ? TRACE_ROOT_GLOBALS : TRACE_ROOT_MMAPS);
		if (libc && m->flags & REACH_MAP_MODULE && m->inode == libc->inode && m->device == libc->device)
			reach_glibc_bins(m, &r->holes);
	}
}

static int64_t thread_of(const struct reach_cut *cut, uint32_t tid)
{
	for (uint32_t i = 0; tid && i < cut->thread_count; i++)
		if (cut->threads[i].tid == tid)
			return i;
	return -1;
}

/* The stack of a live thread, from its stack pointer up if that is known, and what lies above it. */
static void add_stack(struct reach_roots *r, uint32_t thread, uintptr_t low, uintptr_t high, uintptr_t descriptor)
{
	uintptr_t sp = r->cut->threads[thread].sp;
	uintptr_t tls = descriptor - r->cut->tls_span;

	r->placed[thread] = 1;
	if (tls <= low || tls > descriptor)
		tls = descriptor;
	if (sp >= low && sp < high)
		low = sp - RED_ZONE > low ? sp - RED_ZONE : low;
	reach_ranges_add(&r->exact, low, tls, TRACE_ROOT_STACKS);
	reach_ranges_add(&r->exact, tls, high, TRACE_ROOT_TLS);
}

typedef void piece_function(struct reach_roots *r, uintptr_t start, uintptr_t end, uint32_t kind);

/* Calls `each` for the parts of the general ranges of a kind that no hole covers. The holes are
 * sorted; what `each` adds to them does not count. */
static void pieces(struct reach_roots *r, uint32_t kind, piece_function *each)
{
	uint32_t first = 0, holes = r->holes.count;

	for (uint32_t i = 0; i < r->general.count; i++) {
		struct reach_range g = r->general.range[i];
		uintptr_t at = g.start;

		if (g.kind != kind)
			continue;
		while (first < holes && r->holes.range[first].end <= g.start)
			first++;
		for (uint32_t h = first; h < holes && r->holes.range[h].start < g.end; h++) {
			if (r->holes.range[h].start > at)
				each(r, at, r->holes.range[h].start, kind);
			if (r->holes.range[h].end > at)
				at = r->holes.range[h].end;
		}
		if (at < g.end)
			each(r, at, g.end, kind);
	}
}

/* The kernel clears the tid when a thread ends, pthread_join sets it to -1: in between somebody will ask for the result. */
static void add_result(struct reach_roots *r, uintptr_t descriptor, uintptr_t end)
{
	uintptr_t at = reach_glibc_result(r->maps, descriptor, end);

	if (at)
		reach_ranges_add(&r->exact, at, at + 8, TRACE_ROOT_TLS);
}

/* Looks for thread descriptors: each names its stack, and the kernel has cleared the tid in those
 * of the dead, whose stacks glibc keeps for later. */
static void find_stacks_in(void *context, uintptr_t start, uintptr_t end)
{
	struct reach_roots *r = context;
	const struct reach_map *m = reach_maps_find(r->maps, start);
	uintptr_t low, high;

	uintptr_t align = r->cut->is_musl ? sizeof(uintptr_t) : DESCRIPTOR_ALIGN;
	uintptr_t least = r->cut->is_musl ? REACH_MUSL_DESCRIPTOR : DESCRIPTOR_SIZE / 2;
	int (*is_one)(uintptr_t, uintptr_t, uintptr_t *, uintptr_t *) =
		r->cut->is_musl ? reach_musl_descriptor : reach_glibc_descriptor;

	for (uintptr_t at = (start + align - 1) & ~(align - 1); at + least < end; at += align) {
		if (*(const uint64_t *)at != at || !is_one(at, m->end, &low, &high) || high > m->end)
			continue;
		int64_t thread = thread_of(r->cut, *(const uint32_t *)(at + r->cut->tid_offset));
		reach_ranges_add(&r->holes, low, high, 0);
		if (thread >= 0)
			add_stack(r, (uint32_t)thread, low, high, at);
		else if (!r->cut->is_musl && !*(const uint32_t *)(at + r->cut->tid_offset))
			add_result(r, at, m->end);
	}
}

static void find_stacks_piece(struct reach_roots *r, uintptr_t start, uintptr_t end, uint32_t kind)
{
	const struct reach_map *m = reach_maps_find(r->maps, start);

	(void)kind;
	if (m && is_private_anonymous(m))
		reach_pages_touched(r->marker->reader->pages, start, end, find_stacks_in, r);
}

static void find_stacks(struct reach_roots *r)
{
	const struct reach_cut *cut = r->cut;

	if (cut->tid_offset)
		pieces(r, TRACE_ROOT_MMAPS, find_stacks_piece);
	if (cut->main_tcb) {
		if (!cut->leader_gone)
			reach_ranges_add(&r->exact, cut->main_tcb - cut->tls_span, cut->main_tcb + DESCRIPTOR_SIZE,
					 TRACE_ROOT_TLS);
		reach_ranges_add(&r->holes, cut->main_tcb - cut->tls_span, cut->main_tcb + DESCRIPTOR_SIZE / 2, 0);
	}
	for (uint32_t i = 0; i < cut->thread_count; i++) {
		const struct reach_thread *t = &cut->threads[i];
		const struct reach_map *m = t->sp ? reach_maps_find(r->maps, t->sp) : 0;
		uint32_t block = t->sp ? reach_above(r->marker->blocks, t->sp) : 0;

		if (r->placed[i] || !m || m->flags & REACH_MAP_STACK)
			continue;
		if (block < r->marker->blocks->count && r->marker->blocks->entry[block].address <= t->sp)
			reach_ranges_add(&r->exact, t->sp, r->marker->blocks->entry[block].address +
							   r->marker->blocks->entry[block].size, TRACE_ROOT_STACKS);
	}
}

/* The first thread's stack: what lies below its stack pointer is dead. */
static void find_main_stack(struct reach_roots *r)
{
	int64_t thread = thread_of(r->cut, r->cut->pid);
	uintptr_t sp = thread >= 0 ? r->cut->threads[thread].sp : 0;

	for (uint32_t i = 0; i < r->maps->count; i++) {
		const struct reach_map *m = &r->maps->map[i];

		uintptr_t low = sp >= m->start && sp < m->end ? sp - RED_ZONE : m->start;

		if (!(m->flags & REACH_MAP_STACK))
			continue;
		if (r->cut->main_over)
			low = r->cut->arguments;
		if (low >= m->start && low < m->end)
			reach_ranges_add(&r->exact, low, m->end, TRACE_ROOT_STACKS);
	}
}

/* Malloc's memory is no root; what the program itself has taken of the brk heap is. */
static void find_heaps(struct reach_roots *r)
{
	const struct reach_cut *cut = r->cut;

	reach_glibc_heaps(r->maps, r->marker->blocks, r->marker->reader->pages, &r->heaps, &r->holes);
	for (uint32_t i = 0; i < cut->own_heap_count; i++)
		reach_ranges_add(&r->general, cut->own_heap[i].start, cut->own_heap[i].start + cut->own_heap[i].size,
				 TRACE_ROOT_MMAPS);
	reach_ranges_sort(&r->general);
	for (uint32_t i = 0; i < cut->own_heap_count; i++) {
		reach_ranges_cut(&r->holes, cut->own_heap[i].start, cut->own_heap[i].start + cut->own_heap[i].size);
		reach_ranges_cut(&r->heaps, cut->own_heap[i].start, cut->own_heap[i].start + cut->own_heap[i].size);
	}
}

int reach_roots_open(struct reach_roots *r, const struct reach_cut *cut, struct reach_marker *marker,
		     const struct reach_maps *maps, struct reach_arena *arena)
{
	uint32_t most = 2 * maps->count + 2 * cut->thread_count + 4096 + cut->private_count + 2 * cut->own_heap_count;

	memset(r, 0, sizeof *r);
	r->cut = cut;
	r->marker = marker;
	r->maps = maps;
	r->arena = arena;
	r->placed = reach_arena_take(arena, cut->thread_count + 1);
	if (reach_ranges_open(&r->general, most, arena) || reach_ranges_open(&r->exact, most, arena) ||
	    reach_ranges_open(&r->heaps, most, arena) || !r->placed ||
	    reach_ranges_open(&r->holes, most + marker->blocks->count, arena))
		return -1;
	hide_ourselves(r);
	find_general(r);
	if (cut->glibc)
		find_heaps(r);
	if (cut->is_musl)
		reach_musl_gaps(maps, marker->blocks, &r->holes);
	reach_ranges_sort(&r->holes);
	find_stacks(r);
	find_main_stack(r);
	reach_ranges_sort(&r->holes);
	return 0;
}

struct read_run {
	struct reach_roots *roots;
	uint32_t kind;
};

static void read_words(void *context, const uint64_t *words, uint64_t count, uintptr_t at)
{
	const struct read_run *run = context;

	reach_mark_words(run->roots->marker, words, count, at, run->kind);
	run->roots->bytes += count * 8;
}

static void read_range(struct reach_roots *r, uintptr_t start, uintptr_t end, uint32_t kind)
{
	struct read_run run = {r, kind};

	reach_reader_read(r->marker->reader, start, end, read_words, &run);
}

/* One that holds followed blocks belongs to an allocator. */
static void read_piece(struct reach_roots *r, uintptr_t start, uintptr_t end, uint32_t kind)
{
	const struct reach_blocks *b = r->marker->blocks;
	uint32_t first = reach_above(b, start);

	if (kind == TRACE_ROOT_MMAPS && first < b->count && b->entry[first].address < end) {
		if (r->cut->whole_heap)
			reach_ranges_add(&r->heaps, start, end, TRACE_ROOT_HEAP);
		return;
	}
	read_range(r, start, end, kind);
}

static void read_exact(struct reach_roots *r, uint32_t kind)
{
	for (uint32_t i = 0; i < r->exact.count; i++)
		if (r->exact.range[i].kind == kind)
			read_range(r, r->exact.range[i].start, r->exact.range[i].end, kind);
}

/* Heap that belongs to no followed block: chunks in use may be blocks from before the fork. */
static void read_gap(struct reach_roots *r, uintptr_t start, uintptr_t end, uintptr_t limit, int is_chunk)
{
	int in_use;

	while (is_chunk && r->cut->glibc && start + 32 <= end) {
		uintptr_t next = reach_glibc_next(start, end, limit, &in_use);

		if (!next)
			break;
		if (in_use)
			read_range(r, start + 16, next + 8 < limit ? next + 8 : next, TRACE_ROOT_HEAP);
		start = next;
	}
	if (start < end)
		read_range(r, start, end, TRACE_ROOT_HEAP);
}

static void read_heaps(struct reach_roots *r)
{
	const struct reach_blocks *b = r->marker->blocks;

	for (uint32_t i = 0; i < r->heaps.count; i++) {
		uintptr_t at = r->heaps.range[i].start, end = r->heaps.range[i].end;
		int is_chunk = 0;

		for (uint32_t k = reach_above(b, at); k < b->count && b->entry[k].address < end; k++) {
			uintptr_t block = b->entry[k].address;

			if (r->cut->glibc && block - 16 > at)
				read_gap(r, at, block - 16, end, is_chunk);
			else if (!r->cut->glibc && block > at)
				read_gap(r, at, block, end, 0);
			at = (block + b->entry[k].size + 7) & ~(uintptr_t)7;
			is_chunk = r->cut->glibc && !(block & 15) && reach_maps_readable(r->maps, block - 16, block);
			if (is_chunk) {
				uintptr_t next = block - 16 + (((const uint64_t *)block)[-1] & ~(uint64_t)7);

				is_chunk = next >= at && next <= end;
				at = is_chunk ? next : at;
			}
		}
		if (at < end)
			read_gap(r, at, end, end, is_chunk);
	}
}

static void read_blocks(struct reach_roots *r, uint32_t flag, uint32_t kind)
{
	for (uint32_t i = 0; is_wanted(r, kind) && i < r->marker->blocks->count; i++)
		if (r->marker->blocks->flag[i] & flag)
			reach_mark_block(r->marker, i, kind);
}

void reach_roots_scan(struct reach_roots *r)
{
	const struct reach_cut *cut = r->cut;

	if (is_wanted(r, TRACE_ROOT_GLOBALS)) {
		pieces(r, TRACE_ROOT_GLOBALS, read_piece);
		read_range(r, cut->early, cut->early + cut->early_size, TRACE_ROOT_GLOBALS);
	}
	if (is_wanted(r, TRACE_ROOT_TLS))
		read_exact(r, TRACE_ROOT_TLS);
	if (is_wanted(r, TRACE_ROOT_STACKS))
		read_exact(r, TRACE_ROOT_STACKS);
	for (uint32_t i = 0; is_wanted(r, TRACE_ROOT_REGISTERS) && i < cut->thread_count; i++)
		reach_mark_words(r->marker, cut->threads[i].word, cut->threads[i].words, cut->threads[i].tid,
				 TRACE_ROOT_REGISTERS);
	if (is_wanted(r, TRACE_ROOT_MMAPS))
		pieces(r, TRACE_ROOT_MMAPS, read_piece);
	for (uint32_t i = 0; is_wanted(r, TRACE_ROOT_REGIONS) && i < cut->region_count; i++)
		read_range(r, cut->regions[i].start, cut->regions[i].start + cut->regions[i].size,
			   TRACE_ROOT_REGIONS);
	read_blocks(r, REACH_LOADER, TRACE_ROOT_LOADER);
	read_blocks(r, REACH_IGNORED, TRACE_ROOT_IGNORED);
	if (cut->whole_heap)
		read_heaps(r);
}
