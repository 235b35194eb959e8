/* SPDX-License-Identifier: MIT */
/* The mapped trace file: reserving, growing, cutting. Laws in area.h. */
#include "area.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "guard.h"
#include "lazy.h"
#include "own.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define POPULATE_WRITE 23 /* MADV_POPULATE_WRITE, Linux 5.14 */
#define PAGE 4096u
#define STEP (32u * 1024) /* made present at a time */
#define LARGE (4ull << 20)  /* a trace of that size goes on to grow */
#define RESERVE_MOST (16ull << 30)
#define RESERVE_LEAST (1ull << 20)
#define RETRY_FULL 4096u
#define END_YIELDS 10000
#define SPARE (4ull << 30)
#define SPARE_LEAST (64ull << 20)

static const struct {
	uint16_t element, shift;
} layout[TRACE_AREAS] = {
	[TRACE_AREA_TEXT] = {1, AREA_SHIFT_TEXT},
	[TRACE_AREA_MODULE] = {sizeof(struct trace_module), AREA_SHIFT_MODULE},
	[TRACE_AREA_THREAD] = {sizeof(struct trace_thread), AREA_SHIFT_THREAD},
	[TRACE_AREA_NODE] = {sizeof(struct trace_node), AREA_SHIFT_NODE},
	[TRACE_AREA_SITE] = {sizeof(struct trace_site), AREA_SHIFT_SITE},
	[TRACE_AREA_BLOCK] = {sizeof(struct trace_block), AREA_SHIFT_BLOCK},
	[TRACE_AREA_PENDING] = {sizeof(struct trace_pending), AREA_SHIFT_PENDING},
	[TRACE_AREA_MISMATCH] = {sizeof(struct trace_mismatch), AREA_SHIFT_MISMATCH},
	[TRACE_AREA_TYPE] = {sizeof(struct trace_type), AREA_SHIFT_TYPE},
	[TRACE_AREA_PROBE] = {sizeof(struct trace_probe), AREA_SHIFT_PROBE},
	[TRACE_AREA_RESOURCE] = {sizeof(struct trace_resource), AREA_SHIFT_RESOURCE},
	[TRACE_AREA_RECORD] = {sizeof(struct trace_record), AREA_SHIFT_RECORD},
	[TRACE_AREA_FINDING] = {sizeof(struct trace_finding), AREA_SHIFT_FINDING},
	[TRACE_AREA_PROBLEM] = {sizeof(struct trace_problem), AREA_SHIFT_PROBLEM},
	[TRACE_AREA_SCAN] = {sizeof(struct trace_scan), AREA_SHIFT_SCAN},
	[TRACE_AREA_VERDICT] = {sizeof(struct trace_verdict), AREA_SHIFT_VERDICT},
	[TRACE_AREA_HINT] = {sizeof(struct trace_hint), AREA_SHIFT_HINT},
	[TRACE_AREA_SHARED] = {sizeof(struct trace_shared), AREA_SHIFT_SHARED},
	[TRACE_AREA_UNREAD] = {sizeof(struct trace_unread), AREA_SHIFT_UNREAD},
	[TRACE_AREA_JAVA_VM] = {sizeof(struct trace_java_vm), AREA_SHIFT_JAVA_VM},
	[TRACE_AREA_JAVA_FRAME] = {sizeof(struct trace_java_frame), AREA_SHIFT_JAVA_FRAME},
	[TRACE_AREA_JAVA_OBJECT] = {sizeof(struct trace_java_object), AREA_SHIFT_JAVA_OBJECT},
	[TRACE_AREA_JAVA_HOLD] = {sizeof(struct trace_java_hold), AREA_SHIFT_JAVA_HOLD},
	[TRACE_AREA_RELEASE] = {sizeof(struct trace_release), AREA_SHIFT_RELEASE},
	[TRACE_AREA_FOCUS] = {sizeof(struct trace_focus), AREA_SHIFT_FOCUS},
	[TRACE_AREA_PARTED] = {sizeof(struct trace_parted), AREA_SHIFT_PARTED},
	[TRACE_AREA_PYTHON] = {sizeof(struct trace_python), AREA_SHIFT_PYTHON},
};

struct area_range area_privates[AREA_PRIVATES];
void (*area_deferred)(void);

static void note_private(uintptr_t start, uintptr_t size)
{
	static long owner; /* a fork child has none of its parent's */
	long pid = (long)own_pid();

	if (__atomic_exchange_n(&owner, pid, __ATOMIC_RELAXED) != pid)
		memset(area_privates, 0, sizeof area_privates);
	for (uint32_t i = 0; i < AREA_PRIVATES; i++) {
		uintptr_t none = 0;

		if (!area_privates[i].start && __atomic_compare_exchange_n(&area_privates[i].start, &none, start, 0,
									   __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
			area_privates[i].size = size;
			return;
		}
	}
}

static void forget_private(uintptr_t start)
{
	for (uint32_t i = 0; i < AREA_PRIVATES; i++)
		if (area_privates[i].start == start) {
			area_privates[i].size = 0;
			__atomic_store_n(&area_privates[i].start, 0, __ATOMIC_RELAXED);
			return;
		}
}

static void *map_private(size_t size, int wipe)
{
	long at = lazy_map(size);

	if (sys_failed(at))
		return 0;
	sys_call3(SYS_madvise, at, (long)size, MADV_DONTDUMP);
	sys_call3(SYS_madvise, at, (long)size, MADV_NOHUGEPAGE);
	if (sys_failed(sys_call3(SYS_madvise, at, (long)size, wipe ? MADV_WIPEONFORK : MADV_DONTFORK))) {
		sys_call3(SYS_munmap, at, (long)size, 0);
		return 0;
	}
	note_private((uintptr_t)at, size);
	return (void *)at;
}

void area_spare(void)
{
	for (size_t size = SPARE; !state.spare && size >= SPARE_LEAST; size /= 2) {
		state.spare_end = 0;
		state.spare = (uintptr_t)map_private(size, 1);
		state.spare_end = state.spare ? state.spare + size : 0;
	}
}

static void *take_spare(size_t size)
{
	uintptr_t at = __atomic_load_n(&state.spare, __ATOMIC_RELAXED);

	do
		if (!at || size > state.spare_end - at)
			return 0;
	while (!__atomic_compare_exchange_n(&state.spare, &at, at + size, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return (void *)at;
}

void *area_private(size_t size, int wipe)
{
	struct guard_call calls[] = {
		{SYS_mmap, {0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0}},
		{SYS_madvise, {0, (long)size, wipe ? MADV_WIPEONFORK : MADV_DONTFORK}},
	};

	size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	return guard_lets(calls, 2, 0) && lazy_is_let() ? map_private(size, wipe) : take_spare(size);
}

void area_private_free(void *at, size_t size)
{
	forget_private((uintptr_t)at);
	sys_call3(SYS_munmap, (long)at, (long)((size + PAGE - 1) & ~(size_t)(PAGE - 1)), 0);
}

void area_private_shrink(void *at, size_t size, size_t left)
{
	size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	left = (left + PAGE - 1) & ~(size_t)(PAGE - 1);
	if (left >= size || sys_failed(sys_call3(SYS_munmap, (long)at + (long)left, (long)(size - left), 0)))
		return;
	for (uint32_t i = 0; i < AREA_PRIVATES; i++)
		if (area_privates[i].start == (uintptr_t)at)
			area_privates[i].size = left;
}

/* Kernels before 5.14: let a system call write into each page, which fails where a store would
 * raise SIGBUS. Only pages that hold nothing yet come here. */
static int populate_by_probe(uintptr_t at, size_t size)
{
	for (uintptr_t page = at; page < at + size; page += PAGE) {
		uint64_t *word = (uint64_t *)(page + PAGE - 8);
		long r = sys_call6(SYS_rt_sigprocmask, 0, 0, (long)word, 8, 0, 0);

		if (sys_failed(r))
			return (int)r;
		*word = 0;
	}
	return 0;
}

static int populate(void *at, size_t size)
{
	uintptr_t start = (uintptr_t)at & ~(uintptr_t)(PAGE - 1);
	uintptr_t end = ((uintptr_t)at + size + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	long r = 0;
	struct guard_call call = {SYS_madvise, {(long)start, (long)(end - start), POPULATE_WRITE}};

	if (!guard_lets(&call, 1, 0)) /* pages come by themselves */
		return 0;
	do
		r = sys_call3(SYS_madvise, (long)start, (long)(end - start), POPULATE_WRITE);
	while (r == -4 || r == -11);
	if (r == -22 && end > start)
		return populate_by_probe((uintptr_t)at % PAGE ? start + PAGE : start,
					 end - start - ((uintptr_t)at % PAGE ? PAGE : 0));
	return (int)r;
}

static void unlock(void);

static uint64_t reserve_size(void)
{
	struct rlimit limit;
	uint64_t want = RESERVE_MOST;

	if (!sys_call6(SYS_prlimit64, 0, RLIMIT_AS, 0, (long)&limit, 0, 0) &&
	    limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur / 16 < want)
		want = limit.rlim_cur / 16;
	if (!sys_call6(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)&limit, 0, 0) &&
	    limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < want)
		want = limit.rlim_cur;
	return want & ~(uint64_t)(PAGE - 1);
}

static long map_file(int fd, uint64_t *size)
{
	long r = -27; /* too small a file size limit */

	for (*size = reserve_size(); *size >= RESERVE_LEAST; *size = *size / 2 & ~(uint64_t)(PAGE - 1)) {
		r = sys_call3(SYS_ftruncate, fd, (long)*size, 0);
		if (sys_failed(r))
			continue;
		r = lazy_map_of(*size, fd);
		if (!sys_failed(r))
			return r;
	}
	return r;
}

int area_open(const char *path)
{
	struct stat status;
	uint64_t size = 0;
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path,
			    O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600, 0, 0);

	if (sys_failed(fd))
		return (int)fd;
	long at = map_file((int)fd, &size);
	if (!sys_failed(at) && !sys_failed(sys_call3(SYS_fstat, fd, (long)&status, 0))) {
		state.device = status.st_dev;
		state.inode = status.st_ino;
	}
	sys_call3(SYS_close, fd, 0, 0);
	if (sys_failed(at)) {
		sys_call3(SYS_unlink, (long)path, 0, 0);
		return (int)at;
	}
	sys_call3(SYS_madvise, at, (long)size, MADV_DONTFORK);
	sys_call3(SYS_madvise, at, (long)size, MADV_RANDOM); /* most of what lies ahead will stay a hole */
	long r = populate((void *)at, TRACE_HEADER_SIZE);
	struct trace_header *header = (struct trace_header *)at;
	for (int i = 1; i < TRACE_AREAS && !r; i++) {
		if (!layout[i].element)
			continue;
		state.areas[i].chunk = area_private(AREA_CHUNKS * sizeof(void *), 0);
		state.areas[i].element = layout[i].element;
		state.areas[i].shift = layout[i].shift;
		r = state.areas[i].chunk ? 0 : -12;
		if (!r) {
			header->areas[i].element = layout[i].element;
			header->areas[i].per_chunk = 1u << layout[i].shift;
		}
	}
	state.reserved = size;
	state.header = header;
	guard_page.s.header = header;
	if (r) {
		area_close();
		sys_call3(SYS_unlink, (long)path, 0, 0);
		return (int)r;
	}
	header->file_used = TRACE_HEADER_SIZE;
	return 0;
}

void area_shrink(uint64_t least)
{
	if (!state.header || !state_lock_unless_mine(&state.lock_area))
		return;
	uint64_t keep = state.header->file_used + RESERVE_LEAST;

	keep = ((keep > least ? keep : least) + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (keep < state.reserved &&
	    !sys_failed(sys_call3(SYS_munmap, (long)state.header + (long)keep, (long)(state.reserved - keep), 0)))
		state.reserved = keep;
	unlock();
}

void area_close(void)
{
	struct trace_header *header = state.header;

	state.header = 0;
	guard_page.s.header = 0;
	for (int i = 0; i < TRACE_AREAS; i++) {
		if (state.areas[i].chunk)
			area_private_free(state.areas[i].chunk, AREA_CHUNKS * sizeof(void *));
		memset(&state.areas[i], 0, sizeof state.areas[i]);
	}
	if (header)
		sys_call3(SYS_munmap, (long)header, (long)state.reserved, 0);
}

void area_trim(const char *path)
{
	struct stat status;
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return;
	if (!sys_failed(sys_call3(SYS_fstat, fd, (long)&status, 0)) && status.st_dev == state.device &&
	    status.st_ino == state.inode) {
		if (state_lock_within(&state.lock_area, END_YIELDS)) {
			state.ending = 1;
			sys_call3(SYS_ftruncate, fd, (long)state.header->file_used, 0);
			state_unlock(&state.lock_area);
		}
	}
	sys_call3(SYS_close, fd, 0, 0);
}

static uint64_t chunk_length(uint32_t element, uint32_t per_chunk)
{
	return (sizeof(struct trace_chunk) + (uint64_t)element * per_chunk + TRACE_CHUNK_ALIGN - 1) &
	       ~(uint64_t)(TRACE_CHUNK_ALIGN - 1);
}

static int add_chunk(enum trace_area which, uint32_t ordinal)
{
	struct area *a = &state.areas[which];
	struct trace_header *header = state.header;
	uint64_t length = chunk_length(a->element, 1u << a->shift);
	uint64_t at = header->file_used;

	if (ordinal >= AREA_CHUNKS || at + length > state.reserved)
		return -28;
	struct trace_chunk *chunk = (struct trace_chunk *)((unsigned char *)header + at);
	int r = populate(chunk, sizeof *chunk);
	if (r)
		return r;
	chunk->area = which;
	chunk->ordinal = ordinal;
	chunk->element = a->element;
	chunk->length = length;
	chunk->magic = TRACE_CHUNK_MAGIC;
	__atomic_store_n(&a->chunk[ordinal], (unsigned char *)(chunk + 1), __ATOMIC_RELEASE);
	__atomic_store_n(&header->file_used, at + length, __ATOMIC_RELEASE);
	if (at < LARGE && at + length >= LARGE) /* pages are cheaper by the dozen */
		sys_call3(SYS_madvise, (long)header, (long)state.reserved, MADV_NORMAL);
	return 0;
}

/* Makes some more elements of an area present. Caller holds lock_area. */
static int grow(enum trace_area which)
{
	struct area *a = &state.areas[which];
	uint32_t ordinal = (uint32_t)(a->ready >> a->shift);
	uint64_t inside = a->ready & ((1ull << a->shift) - 1);
	int r = 0;

	if (state.ending || (state.full && ++state.full % RETRY_FULL))
		return -28;
	if (ordinal >= AREA_CHUNKS)
		return -28;
	if (!a->chunk[ordinal])
		r = add_chunk(which, ordinal);
	if (!r) {
		unsigned char *at = a->chunk[ordinal] + inside * a->element;
		uint64_t left = ((1ull << a->shift) - inside) * a->element;
		uint64_t step = left < STEP + PAGE ? left : STEP - ((uintptr_t)at & (PAGE - 1));

		r = populate(at, step);
		if (!r)
			a->ready += step / a->element;
	}
	state.full = r ? (state.full ? state.full : 1) : 0;
	return r;
}

/* A signal handler that wanted the lock meanwhile has left its work to us. */
static void unlock(void)
{
	state_unlock(&state.lock_area);
	if (__builtin_expect(__atomic_load_n(&state.deferred, __ATOMIC_RELAXED), 0))
		area_deferred();
}

uint32_t area_take(enum trace_area which, uint32_t count)
{
	struct area *a = &state.areas[which];
	uint64_t first = 0;

	if (!state_lock_unless_mine(&state.lock_area)) {
		if (!state.ending)
			state_drop(TRACE_DROP_REENTRANT);
		return 0;
	}
	if (state.header && a->chunk) {
		struct trace_area_head *head = &state.header->areas[which];
		int r = 0;

		first = head->used ? head->used : 1;
		while (!r && a->ready < first + count)
			r = grow(which);
		if (r || first + count > UINT32_MAX)
			first = 0;
		else
			__atomic_store_n(&head->used, first + count, __ATOMIC_RELEASE);
	}
	int over = state.ending;
	unlock();
	if (!first && !over)
		state_drop(TRACE_DROP_NO_SPACE);
	return (uint32_t)first;
}

/* Many chunks at once: their room gets one head that readers pass over, which whoever fills them divides (area_divide). So the
 * program pays for one page. */
static int add_room(enum trace_area which, uint64_t count)
{
	struct area *a = &state.areas[which];
	struct trace_header *header = state.header;
	uint64_t ordinal = a->ready >> a->shift, last = (count - 1) >> a->shift;
	uint64_t at = header->file_used, length = (last + 1 - ordinal) * chunk_length(a->element, 1u << a->shift);
	struct trace_chunk *room = (struct trace_chunk *)((unsigned char *)header + at);

	if (a->ready & ((1ull << a->shift) - 1) || last >= AREA_CHUNKS || at + length > state.reserved)
		return -28;
	int r = populate(room, sizeof *room);
	if (r)
		return r;
	room->area = TRACE_AREA_ROOM;
	room->ordinal = (uint32_t)ordinal;
	room->element = a->element;
	room->length = length;
	room->magic = TRACE_CHUNK_MAGIC;
	__atomic_store_n(&header->file_used, at + length, __ATOMIC_RELEASE);
	a->ready = (last + 1) << a->shift;
	return 0;
}

int area_divide(struct trace_chunk *room, enum trace_area which, uint32_t per_chunk)
{
	uint64_t each = chunk_length(room->element, per_chunk), count = room->length / each;

	for (uint64_t i = count; i-- > 1;) {
		struct trace_chunk *c = (struct trace_chunk *)((unsigned char *)room + i * each);
		int r = populate(c, sizeof *c);

		if (r)
			return r;
		*c = (struct trace_chunk){.area = which, .ordinal = room->ordinal + (uint32_t)i, .element = room->element,
					  .length = each, .magic = TRACE_CHUNK_MAGIC};
	}
	__atomic_store_n(&room->length, each, __ATOMIC_RELEASE);
	__atomic_store_n(&room->area, which, __ATOMIC_RELEASE);
	return 0;
}

/* Caller holds lock_area, which is given back. */
static int reserve(enum trace_area which, uint64_t count)
{
	struct area *a = &state.areas[which];
	int r = 0;

	if (!state.header || !a->chunk || state.ending)
		r = -28;
	if (!r && which == TRACE_AREA_VERDICT && a->ready < count && a->chunk)
		r = add_room(which, count);
	while (!r && a->ready < count) {
		uint32_t ordinal = (uint32_t)(a->ready >> a->shift);

		r = ordinal < AREA_CHUNKS ? add_chunk(which, ordinal) : -28;
		if (!r)
			a->ready = (ordinal + 1ull) << a->shift;
	}
	if (!r && state.header->areas[which].used < count)
		__atomic_store_n(&state.header->areas[which].used, count, __ATOMIC_RELEASE);
	unlock();
	return r;
}

int area_reserve(enum trace_area which, uint64_t count)
{
	return state_lock_unless_mine(&state.lock_area) ? reserve(which, count) : -11; /* EAGAIN */
}

int area_reserve_within(enum trace_area which, uint64_t count, int yields)
{
	return state_lock_within(&state.lock_area, yields) ? reserve(which, count) : -11; /* EAGAIN */
}

int area_present(void *at, size_t size)
{
	return populate(at, size);
}

uint32_t area_text(const char *text, size_t size)
{
	uint32_t per_chunk = 1u << AREA_SHIFT_TEXT;

	if (!state.header || size + 1 >= per_chunk)
		return 0;
	for (;;) {
		uint32_t at = area_take(TRACE_AREA_TEXT, (uint32_t)size + 1);

		if (!at)
			return 0;
		if (at / per_chunk != (at + size) / per_chunk) /* a string does not span chunks */
			continue;
		char *to = (char *)state.areas[TRACE_AREA_TEXT].chunk[at / per_chunk] + at % per_chunk;
		memcpy(to, text, size);
		to[size] = 0;
		return at;
	}
}
