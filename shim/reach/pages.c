/* SPDX-License-Identifier: MIT */
/* Runs of pages that were written to. */
#include "pages.h"

#include <fcntl.h>

#include "sys.h"
#include "rules.h"

#define PAGE 4096u
#define AT_A_TIME 32768u     /* pages looked up */
#define TOUCHED (3ull << 62) /* in a word of pagemap: present, or swapped out */

int reach_pages_open(struct reach_pages *p, struct reach_arena *arena)
{
	p->words = reach_arena_take(arena, AT_A_TIME * sizeof *p->words);
	p->pagemap = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/pagemap", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	return p->words ? 0 : -1;
}

void reach_pages_touched(struct reach_pages *p, uintptr_t start, uintptr_t end, reach_pages_run *run, void *context)
{
	if (end - start < REACH_PAGES_LEAST || sys_failed(p->pagemap)) {
		run(context, start, end);
		return;
	}
	uintptr_t first = 0;
	for (uintptr_t at = start & ~(uintptr_t)(PAGE - 1); at < end;) {
		uintptr_t want = (end - at + PAGE - 1) / PAGE;
		long n = sys_call6(SYS_pread64, p->pagemap, (long)p->words,
				   (long)(8 * (want < AT_A_TIME ? want : AT_A_TIME)), (long)(at / PAGE * 8), 0, 0);

		if (n < 8) {
			run(context, first ? first : at > start ? at : start, end);
			return;
		}
		for (long i = 0; i < n / 8; i++, at += PAGE) {
			if (p->words[i] & TOUCHED) {
				first = first ? first : at > start ? at : start;
			} else if (first) {
				run(context, first, at);
				first = 0;
			}
		}
	}
	if (first)
		run(context, first, end);
}
