/* SPDX-License-Identifier: MIT */
#include "reader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>

#include "sys.h"
#include "rules.h"

#define PAGE 4096u
#define BUFFER (256u * 1024)
#define EFAULT_RESULT (-14)
#define PROBES 16u
#define SMALL_FILE (64u << 20)

struct reach_read {
	struct reach_reader *reader;
	const struct reach_map *map;
	reach_reader_run *run;
	void *context;
};

int reach_reader_open(struct reach_reader *r, const struct reach_maps *maps, struct reach_pages *pages,
		      struct reach_unread *unread, uint32_t pid, const struct reach_image *image, struct reach_arena *arena)
{
	*r = (struct reach_reader){.maps = maps, .pages = pages, .unread = unread, .is_copy = pid != 0, .image = image};
	r->buffer = reach_arena_take(arena, BUFFER);
	r->program_pages = pages;
	if (pid && program_find(r->program, pid))
		r->program[0] = 0;
	if (r->program[0]) {
		r->program_pages = reach_arena_take(arena, sizeof *r->program_pages);
		if (!r->program_pages || reach_pages_open(r->program_pages, program_file(r->program, "pagemap"), 0, arena))
			return -1;
	}
	if (image) {
		r->program_pages = reach_arena_take(arena, sizeof *r->program_pages);
		if (!r->program_pages || reach_pages_open_of(r->program_pages, image->pages, 0, 0, arena))
			return -1;
	}
	return r->buffer ? 0 : -1;
}

/* A part of a mapping as the kernel gives it: bytes, or a negative number. */
static long fetch(const struct reach_read *read, uintptr_t at, size_t size)
{
	struct reach_reader *r = read->reader;
	struct iovec to = {r->buffer, size}, from = {(void *)at, size};

	if (read->map->flags & REACH_MAP_LEFT)
		return sys_call6(SYS_pread64, r->image->memory, (long)r->buffer, (long)size, (long)at, 0, 0);
	if (read->map->flags & REACH_MAP_IN_PROGRAM)
		return r->program[0] ? program_read(r->program, at, r->buffer, size) : -13 /* EACCES */;
	if (!(read->map->flags & REACH_MAP_FORCED)) {
		long n = sys_call6(SYS_process_vm_readv, sys_call3(SYS_getpid, 0, 0, 0), (long)&to, 1, (long)&from, 1, 0);

		if (n != -1 && n != -38) /* EPERM, ENOSYS: a filter took the call away */
			return n;
	}
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/mem", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return fd;
	long n = sys_call6(SYS_pread64, fd, (long)r->buffer, (long)size, (long)at, 0, 0);
	sys_call3(SYS_close, fd, 0, 0);
	return n;
}

static enum trace_unread_kind kind_of(const struct reach_map *m)
{
	return m->flags & REACH_MAP_NOT_COPIED ? TRACE_UNREAD_NOT_COPIED
	       : m->flags & REACH_MAP_WIPED	? TRACE_UNREAD_WIPED
	       : m->flags & REACH_MAP_DEVICE	? TRACE_UNREAD_DEVICE
	       : m->flags & REACH_MAP_FORCED	? TRACE_UNREAD_NO_ACCESS
						: TRACE_UNREAD_REFUSED;
}

/* Is there nothing at all behind `at` because the file ends before it? Nothing that a page in between can be read says no. */
static int is_beyond_end(const struct reach_read *read, uintptr_t at)
{
	const struct reach_map *m = read->map;

	if (!(m->flags & REACH_MAP_FILE) || m->flags & REACH_MAP_STEADY)
		return 0;
	for (uintptr_t step = (m->end - at) / PROBES / PAGE * PAGE + PAGE, p = m->end - PAGE; p >= at; p -= step) {
		if (fetch(read, p, 8) > 0)
			return 0;
		if (p - at < step)
			break;
	}
	return 1;
}

static void by_kernel(const struct reach_read *read, uintptr_t start, uintptr_t end)
{
	while (start < end) {
		size_t size = end - start < BUFFER ? end - start : BUFFER;
		long n = fetch(read, start, size);

		if (n > 0) {
			read->run(read->context, (const uint64_t *)read->reader->buffer, (uint64_t)n / 8, start);
			start += (uint64_t)n;
			continue;
		}
		if (n == EFAULT_RESULT && is_beyond_end(read, start))
			return;
		if (n != EFAULT_RESULT && n != -5 /* EIO */) { /* not this page, the whole way is closed */
			reach_unread_note(read->reader->unread, kind_of(read->map), read->map, start, end - start);
			return;
		}
		uintptr_t next = (start & ~(uintptr_t)(PAGE - 1)) + PAGE < end ? (start & ~(uintptr_t)(PAGE - 1)) + PAGE : end;
		reach_unread_note(read->reader->unread, kind_of(read->map), read->map, start, next - start);
		start = next;
	}
}

static void by_kernel_run(void *context, uintptr_t start, uintptr_t end)
{
	by_kernel(context, start, end);
}

static void by_load(void *context, uintptr_t start, uintptr_t end)
{
	const struct reach_read *read = context;

	read->run(read->context, (const uint64_t *)start, (end - start) / 8, start);
}

static void by_file(struct reach_read *read, uintptr_t start, uintptr_t end)
{
	struct reach_reader *r = read->reader;

	if (read->map->flags & REACH_MAP_FAULTS)
		reach_pages_find(r->program_pages, REACH_PAGES_TOUCHED, start, end, by_kernel_run, read);
	else if (!(read->map->flags & REACH_MAP_SHARED))
		reach_pages_find(r->pages, REACH_PAGES_OWN, start, end, by_kernel_run, read);
	else if (end - start <= SMALL_FILE || (r->program_pages == r->pages && r->is_copy))
		by_kernel(read, start, end);
	else
		reach_pages_find(r->program_pages, REACH_PAGES_TOUCHED, start, end, by_kernel_run, read);
}

/* In an image, what it has not. */
static void read_left(struct reach_read *read, uintptr_t start, uintptr_t end)
{
	if (read->map->flags & REACH_MAP_FILE && !(read->map->flags & (REACH_MAP_FORCED | REACH_MAP_STEADY)))
		by_file(read, start, end);
	else
		reach_pages_touched(read->reader->program_pages, start, end, by_kernel_run, read);
}

/* A stack's guard, or address space that is only reserved: who gave up its rights could not even read there that nothing is. */
static int is_untouched(const struct reach_read *read, uintptr_t start, uintptr_t end)
{
	const struct reach_map *m = read->map;

	if (m->flags & REACH_MAP_FILE)
		return 0;
	return m->resident == UINT64_MAX ? reach_pages_are_none(read->reader->pages, start, end) : !m->resident;
}

static void read_map(struct reach_read *read, uintptr_t start, uintptr_t end)
{
	const struct reach_map *m = read->map;

	if (m->flags & REACH_MAP_DEVICE)
		reach_unread_note(read->reader->unread, TRACE_UNREAD_DEVICE, m, start, end - start);
	else if (m->flags & REACH_MAP_LEFT)
		read_left(read, start, end);
	else if (m->flags & REACH_MAP_IN_PROGRAM && read->reader->program_pages != read->reader->pages)
		reach_pages_touched(read->reader->program_pages, start, end, by_kernel_run, read);
	else if (m->flags & REACH_MAP_IN_PROGRAM)
		by_kernel(read, start, end);
	else if (m->flags & REACH_MAP_FORCED && is_untouched(read, start, end))
		return;
	else if (m->flags & REACH_MAP_FORCED)
		reach_pages_touched(read->reader->pages, start, end, by_kernel_run, read);
	else if (!(m->flags & REACH_MAP_READ))
		return;
	else if (m->flags & REACH_MAP_FILE && !(m->flags & (REACH_MAP_MODULE | REACH_MAP_STEADY)))
		by_file(read, start, end);
	else if (m->flags & REACH_MAP_STEADY) /* a copy has no pages of it yet */
		by_load(read, start, end);
	else
		reach_pages_touched(read->reader->pages, start, end, by_load, read);
}

void reach_reader_read(struct reach_reader *r, uintptr_t start, uintptr_t end, reach_reader_run *run, void *context)
{
	const struct reach_map *last = r->maps->map + r->maps->count;

	start = (start + 7) & ~(uintptr_t)7;
	for (const struct reach_map *m = reach_maps_from(r->maps, start); m < last && m->start < end; m++) {
		struct reach_read read = {r, m, run, context};
		uintptr_t low = m->start > start ? m->start : start, high = m->end < end ? m->end : end;

		if (low < high)
			read_map(&read, low, high);
	}
}
