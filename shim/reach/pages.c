/* SPDX-License-Identifier: MIT */
/* Runs of pages that hold something. */
#include "pages.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

#include "maps.h"
#include "sys.h"
#include "rules.h"

#define PAGE 4096u
#define AT_A_TIME 32768u     /* pages looked up */
#define TOUCHED (3ull << 62) /* in a word of pagemap: present, or swapped out */
#define FILES (1ull << 61)
#define GUARD (1ull << 58)
#define MINCORE_LEAST (1ull << 30)
#define CUT_LEAST (4ull << 30)
#define PIECES 2048u
#define PIECE_LEAST (1ull << 30)
#define LIST_SIZE (64l << 20)
#define NONE_MOST (64ull << 30) /* looked at page by page for nothing: 5 ms */

/* As the kernel has them in linux/fs.h since 6.7. */
struct region {
	uint64_t start, end, categories;
};
struct scan {
	uint64_t size, flags, start, end, walk_end, regions, count, most, inverted, all_of, any_of, wanted;
};
#define SCAN_CALL _IOWR('f', 16, struct scan)
#define IS_FILE (1u << 2)
#define IS_PRESENT (1u << 3)
#define IS_SWAPPED (1u << 4)
#define IS_ZERO (1u << 5)
#define IS_GUARD (1u << 8)
#define REGIONS (AT_A_TIME * sizeof(uint64_t) / sizeof(struct region))

/* One call of it: the number of regions, or -errno. */
static long scan_call(struct reach_pages *p, enum reach_pages_kind kind, uintptr_t *at, uintptr_t end)
{
	uint64_t none = IS_ZERO | (p->knows_guards ? IS_GUARD : 0) | (kind == REACH_PAGES_OWN ? IS_FILE : 0);
	struct scan s = {.size = sizeof s, .start = *at, .end = end, .regions = (uint64_t)p->words, .count = REGIONS,
			 .inverted = none, .all_of = none, .any_of = IS_PRESENT | IS_SWAPPED, .wanted = IS_PRESENT};
	long n = sys_call3(SYS_ioctl, p->pagemap, SCAN_CALL, (long)&s);

	if (!sys_failed(n))
		*at = s.walk_end;
	return n;
}

int reach_pages_open(struct reach_pages *p, const char *pagemap, int is_copy, struct reach_arena *arena)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)(pagemap ? pagemap : "/proc/self/pagemap"), O_RDONLY | O_CLOEXEC, 0, 0, 0);

	return reach_pages_open_of(p, fd, !pagemap, is_copy, arena);
}

int reach_pages_open_of(struct reach_pages *p, long pagemap, int is_own, int is_copy, struct reach_arena *arena)
{
	struct sysinfo system = {0};
	uintptr_t at = 0;

	p->is_own = is_own;
	p->is_copy = is_copy;
	p->words = reach_arena_take(arena, AT_A_TIME * sizeof *p->words);
	p->pagemap = pagemap;
	p->is_swapping = sys_failed(sys_call3(SYS_sysinfo, (long)&system, 0, 0)) || system.totalswap != system.freeswap;
	p->knows_guards = 1;
	p->can_scan = p->words && !sys_failed(p->pagemap) && scan_call(p, REACH_PAGES_TOUCHED, &at, PAGE) >= 0;
	if (!p->can_scan && p->words && !sys_failed(p->pagemap)) {
		p->knows_guards = 0;
		p->can_scan = scan_call(p, REACH_PAGES_TOUCHED, &at, PAGE) >= 0;
	}
	return p->words ? 0 : -1;
}

/* Returns 0, or -1: [*at, end) is still to be looked at. */
static int by_scan(struct reach_pages *p, enum reach_pages_kind kind, uintptr_t *at, uintptr_t end, reach_pages_run *run,
		   void *context)
{
	uintptr_t start = *at, low = start & ~(uintptr_t)(PAGE - 1), high = (end + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	const struct region *region = (const struct region *)p->words;

	while (low < high) {
		uintptr_t from = 0, to = 0;
		long n = scan_call(p, kind, &low, high);

		if (n < 0)
			return -1;
		for (long i = 0; i < n; i++) {
			if (to && to != region[i].start) {
				run(context, from, to);
				to = 0;
			}
			from = to ? from : region[i].start > start ? region[i].start : start;
			to = region[i].end < end ? region[i].end : end;
		}
		if (to)
			run(context, from, to);
		*at = low < end ? low : end;
	}
	return 0;
}

/* Calls `run` for the pages of [at, at + count pages) that `is_one` says yes to. */
static void runs(struct reach_pages *p, uintptr_t at, uintptr_t count, uintptr_t start, uintptr_t end, int by_core,
		 enum reach_pages_kind kind, reach_pages_run *run, void *context)
{
	const unsigned char *core = (const unsigned char *)p->words;
	uintptr_t first = 0;

	for (uintptr_t i = 0; i < count; i++, at += PAGE) {
		int is_one = by_core ? core[i] & 1
				     : (p->words[i] & TOUCHED) && !(p->words[i] & GUARD) &&
					       !(kind == REACH_PAGES_OWN && p->words[i] & FILES);

		if (is_one) {
			first = first ? first : at > start ? at : start;
		} else if (first) {
			run(context, first, at);
			first = 0;
		}
	}
	if (first)
		run(context, first, at < end ? at : end);
}

/* Page by page. */
static void by_pages(struct reach_pages *p, enum reach_pages_kind kind, uintptr_t start, uintptr_t end, reach_pages_run *run,
		     void *context)
{
	uintptr_t at = start & ~(uintptr_t)(PAGE - 1);

	if ((end - start < REACH_PAGES_LEAST && kind == REACH_PAGES_TOUCHED) || sys_failed(p->pagemap)) {
		run(context, start, end);
		return;
	}
	int by_core = kind == REACH_PAGES_TOUCHED && !p->is_swapping && p->is_own && end - start >= MINCORE_LEAST;
	uintptr_t most = by_core ? AT_A_TIME * sizeof *p->words : AT_A_TIME;
	while (at < end) {
		uintptr_t want = (end - at + PAGE - 1) / PAGE;
		long n;

		want = want < most ? want : most;
		if (by_core)
			n = sys_call3(SYS_mincore, (long)at, (long)(want * PAGE), (long)p->words) ? 0 : (long)want;
		else
			n = sys_call6(SYS_pread64, p->pagemap, (long)p->words, (long)(8 * want), (long)(at / PAGE * 8), 0, 0) / 8;
		if (n < 1) {
			run(context, at > start ? at : start, end);
			return;
		}
		runs(p, at, (uintptr_t)n, start, end, by_core, kind, run, context);
		at += (uintptr_t)n * PAGE;
	}
}

/* Cuts a large range into mappings of its own, which the list of mappings tells the contents of one by one. Returns 0, or -1:
 * nothing was done. */
static int by_pieces(struct reach_pages *p, enum reach_pages_kind kind, uintptr_t start, uintptr_t end, reach_pages_run *run,
		     void *context)
{
	uintptr_t low = start & ~(uintptr_t)(PAGE - 1), high = (end + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	uintptr_t piece = ((high - low) / PIECES + PIECE_LEAST) & ~(PIECE_LEAST - 1);
	struct reach_arena arena;
	struct reach_maps maps;

	if (!p->is_copy || end - start < CUT_LEAST || reach_arena_open(&arena, LIST_SIZE))
		return -1;
	int other = 0; /* of two settings without effect in a copy: neighbours that have the same one are one mapping */
	for (uintptr_t at = low; at < high; at += piece, other = !other)
		sys_call3(SYS_madvise, (long)at, (long)(high - at < piece ? high - at : piece),
			  other ? MADV_DODUMP : MADV_DONTDUMP);
	int r = reach_maps_read(&maps, "/proc/self/smaps", &arena);
	for (uint32_t i = 0; !r && i < maps.count; i++) {
		const struct reach_map *m = &maps.map[i];
		uintptr_t from = m->start > start ? m->start : start, to = m->end < end ? m->end : end;

		if (from < to && m->resident)
			by_pages(p, kind, from, to, run, context);
	}
	sys_call3(SYS_munmap, (long)arena.start, LIST_SIZE, 0);
	return r;
}

int reach_pages_are_none(struct reach_pages *p, uintptr_t start, uintptr_t end)
{
	const unsigned char *core = (const unsigned char *)p->words;
	uintptr_t at = start & ~(uintptr_t)(PAGE - 1);

	if (p->is_swapping || !p->is_own || !sys_failed(p->pagemap) || end - start > NONE_MOST)
		return 0;
	while (at < end) {
		uintptr_t count = (end - at + PAGE - 1) / PAGE;

		count = count < AT_A_TIME * sizeof *p->words ? count : AT_A_TIME * sizeof *p->words;
		if (sys_call3(SYS_mincore, (long)at, (long)(count * PAGE), (long)p->words))
			return 0;
		for (uintptr_t i = 0; i < count; i++)
			if (core[i] & 1)
				return 0;
		at += count * PAGE;
	}
	return 1;
}

void reach_pages_find(struct reach_pages *p, enum reach_pages_kind kind, uintptr_t start, uintptr_t end, reach_pages_run *run,
		      void *context)
{
	if (p->can_scan && !by_scan(p, kind, &start, end, run, context))
		return;
	if (p->can_scan || by_pieces(p, kind, start, end, run, context))
		by_pages(p, kind, start, end, run, context);
}
