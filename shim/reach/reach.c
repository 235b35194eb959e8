/* SPDX-License-Identifier: MIT */
/* The scan from its beginning to the verdicts. Laws in reach.h. */
#include "reach.h"

#include <fcntl.h>
#include <time.h>

#include "area.h"
#include "modest.h"
#include "counts.h"
#include "faults.h"
#include "habits.h"
#include "heads.h"
#include "image.h"
#include "keepers.h"
#include "kernel.h"
#include "registry.h"
#include "roots.h"
#include "served.h"
#include "state.h"
#include "streams.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define CUTS_MOST 15u
#define LONG_PASS 1000000000u /* nanoseconds: what moves has moved until the next one */
#define JUST_MADE 10000 /* microseconds: twice the coarse clock's step and more */

/* Virtual memory; pages come as they are touched. */
static int open_arena(struct reach_arena *arena, const struct reach_cut *cut)
{
	uint64_t least = (64ull << 20) + cut->blocks * 128;

	for (uint64_t size = least + (16ull << 30); size >= least; size = least + (size - least) / 4) {
		if (!reach_arena_open(arena, size))
			return 0;
		if (size - least < 1u << 20)
			break;
	}
	return -1;
}

/* Blocks whose words cannot all be loaded. */
static void hide_unreadable(struct reach_blocks *b, const struct reach_maps *maps)
{
	for (uint32_t i = 0; i < b->count; i++)
		if (!reach_maps_readable(maps, b->entry[i].address, b->entry[i].address + b->entry[i].size))
			b->flag[i] |= REACH_HIDDEN;
}

static uint32_t class_of(const struct reach_blocks *b, uint32_t i)
{
	if (b->flag[i] & REACH_IGNORED)
		return TRACE_VERDICT_IGNORED;
	switch (b->mark[i]) {
	case REACH_REACHABLE:
		return TRACE_VERDICT_REACHABLE;
	case REACH_POSSIBLE:
		return TRACE_VERDICT_POSSIBLE;
	case REACH_DEFINITE:
		return TRACE_VERDICT_DEFINITE;
	default:
		return TRACE_VERDICT_INDIRECT;
	}
}

/* An owner that hangs on a possible block itself, or on a head, leads to it in one step. */
static uint32_t owner_slot(const struct reach_blocks *b, uint32_t i)
{
	if (b->mark[i] == REACH_POSSIBLE)
		return b->entry[i].owner; /* where in it the first pointer led */
	return b->mark[i] == REACH_DRAGGED && b->entry[i].owner ? b->entry[b->entry[i].owner - 1].slot : 0;
}

static int make_present(const struct reach_file *file, uint64_t blocks)
{
	uint32_t each = file->per_chunk[TRACE_AREA_VERDICT];

	for (uint64_t i = 0; i < blocks; i += each) {
		uint64_t count = blocks - i < each ? blocks - i : each;
		void *at = reach_element(file, TRACE_AREA_VERDICT, i, sizeof(struct trace_verdict));

		if (!at || area_present(at, count * sizeof(struct trace_verdict)))
			return -1;
	}
	return 0;
}

/* A later look of a shared scan: what any look reached, or did not know, is not lost. */
static uint32_t look_again(const struct trace_verdict *v, const struct reach_entry *e, const struct trace_block *t,
			   uint32_t class, const struct reach_cut *cut)
{
	if (trace_verdict_address(v) != e->address || v->time != t->time ||
	    v->from >> 56 != (cut->scan->number & 255))
		return TRACE_VERDICT_NONE;
	uint32_t before = trace_verdict_class(v);

	return before == TRACE_VERDICT_NONE || before == TRACE_VERDICT_REACHABLE ||
			       before == TRACE_VERDICT_IGNORED
		       ? before
		       : class;
}

/* Was the thread that made the block running at the cut, so that nobody knows its registers? */
static int is_makers_hand_hidden(const struct trace_block *t, const struct reach_cut *cut,
				 const struct reach_file *file)
{
	const struct trace_thread *maker =
		reach_element(file, TRACE_AREA_THREAD, trace_block_thread(t), sizeof *maker);

	for (uint32_t i = 0; cut->scan->unstable && maker && i < cut->thread_count; i++)
		if (cut->threads[i].tid == maker->tid)
			return !cut->threads[i].sp;
	return 0;
}

/* What nothing leads to may be held from where nobody could look. */
static void doubt(const struct reach_blocks *b, uint64_t unread)
{
	for (uint32_t i = 0; i < b->count; i++)
		if (b->mark[i] == REACH_DEFINITE) {
			b->mark[i] = REACH_POSSIBLE;
			b->from[i] = unread | (uint64_t)TRACE_ROOT_UNREAD << 48;
			b->entry[i].owner = 0;
		}
}

static void judge(const struct reach_blocks *b, uint32_t i, const struct reach_cut *cut,
		  const struct reach_file *file, int pass)
{
	const struct reach_entry *e = &b->entry[i];
	const struct trace_block *t = reach_element(file, TRACE_AREA_BLOCK, e->slot, sizeof *t);
	struct trace_verdict *v = reach_element(file, TRACE_AREA_VERDICT, e->slot, sizeof *v);
	uint32_t class = class_of(b, i), cuts = 0;
	uint64_t age = cut->scan->time - trace_block_time(t);

	if (pass)
		class = look_again(v, e, t, class, cut);
	if (trace_block_address(t) != e->address || trace_block_family(t) == TRACE_FAMILY_GONE)
		return; /* let go since, nobody asks any more */
	if (class != TRACE_VERDICT_REACHABLE && class != TRACE_VERDICT_IGNORED) {
		int is_known = trace_verdict_address(v) == e->address && v->time == t->time;

		if (pass)
			cuts = trace_verdict_cuts(v);
		else
			cuts = is_known && age >= cut->age ? trace_verdict_cuts(v) + 1 : 1;
		/* made after the cut; or in a register of a running thread, on its way to its holder */
		if ((t->what & TRACE_BLOCK_DURING && (int64_t)age <= 0) ||
		    ((int64_t)age < JUST_MADE && is_makers_hand_hidden(t, cut, file)))
			class = TRACE_VERDICT_NONE;
	}
	if (cuts > CUTS_MOST)
		cuts = CUTS_MOST;
	cut->scan->blocks[class]++;
	cut->scan->bytes[class] += b->entry[i].size;
	__atomic_store_n(&v->what, 0, __ATOMIC_RELEASE);
	v->from = b->from[i] | (uint64_t)(cut->scan->number & 255) << 56;
	v->time = t->time;
	v->owner = owner_slot(b, i);
	__atomic_store_n(&v->what, e->address | (uint64_t)class << 48 | (uint64_t)cuts << 52, __ATOMIC_RELEASE);
}

static int scan(struct reach_cut *cut, int pass, struct reach_arena *arena)
{
	struct reach_file file;
	struct reach_blocks blocks;
	struct reach_maps maps;
	struct reach_pages pages;
	struct reach_unread unread;
	struct reach_reader reader;
	struct reach_marker marker = {.heuristics = cut->heuristics, .is_tagged = cut->tagged,
				      .mask = cut->tagged ? (1ull << 48) - 1 : ~0ull};
	struct reach_roots roots;

	if (open_arena(arena, cut) || reach_file_open(&file, cut, arena) ||
	    reach_blocks_open(&blocks, cut, &file, arena))
		return TRACE_SCAN_NO_MEMORY;
	if (cut->image ? reach_maps_of_image(&maps, cut->image->maps, arena)
		       : reach_maps_open(&maps, cut->is_shared ? 0 : cut->pid, arena))
		return TRACE_SCAN_NO_MAPS;
	hide_unreadable(&blocks, &maps);
	reach_unread_open(&unread, &file, cut->scan->number);
	reach_served_find(&maps, cut->pid, &unread, arena);
	if (!cut->is_shared || cut->image)
		reach_faults_start(&unread, &maps);
	if (reach_pages_open(&pages, 0, !cut->is_shared || cut->image, arena) ||
	    reach_reader_open(&reader, &maps, &pages, &unread, cut->is_shared ? 0 : cut->pid, cut->image, arena))
		return TRACE_SCAN_NO_MEMORY;
	reach_mark_open(&marker, &blocks, &maps, &reader);
	if (reach_counts_open(cut, &file, &marker, arena) || reach_roots_open(&roots, cut, &marker, &maps, arena))
		return TRACE_SCAN_NO_MEMORY;
	if (!cut->is_shared) {
		reach_streams_part(&maps);
		reach_registry_part(&maps, &blocks);
	}
	reach_roots_scan(&roots);
	if (cut->roots >> TRACE_ROOT_KERNEL & 1 && reach_kernel_scan(cut, &marker, arena))
		roots.missing |= 1u << TRACE_ROOT_KERNEL;
	reach_mark_follow(&marker);
	reach_habits_learn(&marker, &file, arena);
	reach_mark_possible(&marker);
	cut->scan->missing |= roots.missing;
	if (reach_heads_choose(&marker, cut, &file, arena))
		return TRACE_SCAN_NO_MEMORY;
	cut->scan->root_bytes = roots.bytes;
	cut->scan->block_bytes = marker.read;
	if (make_present(&file, cut->blocks))
		return TRACE_SCAN_NO_SPACE;
	for (uint32_t i = 0; i < 8; i++)
		cut->scan->blocks[i] = 0, cut->scan->bytes[i] = 0;
	if (unread.count)
		doubt(&blocks, unread.first);
	for (uint32_t i = 0; i < blocks.count; i++)
		judge(&blocks, i, cut, &file, pass);
	reach_counts_note(cut, &file, &marker, &roots.heaps);
	if (!cut->is_shared)
		reach_keepers_note(cut, &file, &roots, arena);
	return TRACE_SCAN_DONE;
}

/* One look in an image. */
struct look {
	struct reach_cut *cut;
	int pass;
};

static void look_in_image(void *data, const struct reach_image *open)
{
	struct look *look = data; /* of the image, as is all else */
	struct reach_arena arena = {0, 0, 0};
	char text[2048];
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0, 0, 0);

	if (!sys_failed(fd)) {
		sys_call3(SYS_write, fd, (long)"1000", 4);
		sys_call3(SYS_close, fd, 0, 0);
	}
	look->cut->image = open;
	int status = scan(look->cut, look->pass, &arena);
	const char *at = tasks_status(text, sizeof text, "VmHWM:");
	uint32_t kib = at ? (uint32_t)tasks_number(&at, 10) : 0;

	if (kib > look->cut->scan->memory_kib)
		look->cut->scan->memory_kib = kib;
	sys_leave(SYS_exit_group, status);
}

/* Without a copy of one moment: in an image if one can be had, else in the program's own memory. */
static int look_at_moving(struct reach_cut *cut, int pass)
{
	struct look look = {cut, pass};
	struct reach_arena arena = {0, 0, 0};
	int status = cut->image_stack ? image_run(cut, cut->image_stack, look_in_image, &look) : -1;

	if (__atomic_load_n(&cut->scan->status, __ATOMIC_SEQ_CST)) /* the program ends, and has ended the look */
		sys_leave(SYS_exit_group, 1);
	if (status >= 0)
		return status;
	if (status == -2)
		return TRACE_SCAN_BROKE;
	reach_modest(cut);
	status = scan(cut, pass, &arena);
	if (arena.start)
		sys_call3(SYS_munmap, (long)arena.start, arena.end - arena.start, 0);
	return status;
}

static int is_any_lost(const struct trace_scan *scan)
{
	return scan->blocks[TRACE_VERDICT_DEFINITE] || scan->blocks[TRACE_VERDICT_POSSIBLE] || scan->blocks[TRACE_VERDICT_INDIRECT];
}

void reach_run(struct reach_cut *cut)
{
	uint64_t before = state_clock_ns(1 /* CLOCK_MONOTONIC */);
	int passes = cut->is_shared ? REACH_PASSES : 1, status = TRACE_SCAN_DONE;
	struct timespec nap = {0, 50000000};
	char text[2048];
	const char *at = cut->is_shared ? tasks_status(text, sizeof text, "PPid:") : 0;

	int is_image = cut->is_shared && cut->image_stack;

	cut->shown = at ? (uint32_t)tasks_number(&at, 10) : 0;
	for (int pass = 0; pass < passes && status == TRACE_SCAN_DONE; pass++) {
		struct reach_arena arena = {0, 0, 0};

		if (pass)
			sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
		if (cut->roots >> TRACE_ROOT_KERNEL & 1)
			reach_kernel_gather(cut);
		if (!is_image) /* that is modest by itself */
			reach_modest(cut);
		status = cut->is_shared ? look_at_moving(cut, pass) : scan(cut, pass, &arena);
		if (!pass && passes > 2 && state_clock_ns(1) - before > LONG_PASS)
			passes = 2;
		if (!is_any_lost(cut->scan)) /* a further look can only find that some are not */
			break;
	}
	reach_modest(cut);
	cut->scan->took_us = (state_clock_ns(1) - before) / 1000;
	__atomic_store_n(&cut->scan->status, status, __ATOMIC_RELEASE);
}
