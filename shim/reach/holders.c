/* SPDX-License-Identifier: MIT */
/* Who holds one block. Laws in holders.h. */
#include "holders.h"

#include <string.h>
#include <sys/uio.h>

#include "area.h"
#include "live.h"
#include "own.h"
#include "proc.h"
#include "state.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define BUFFER (64u * 1024)
#define MAPS (512u * 1024)
#define AT_ONCE 128u /* blocks read by one call */
#define BLOCK_MOST BUFFER

static unsigned char *buffer; /* private to the process: a fork wipes it, and then it is not there */
static uint32_t buffer_of;

static int ready(void)
{
	if (!buffer || buffer_of != own_pid()) {
		buffer = area_private(BUFFER + MAPS, 0);
		buffer_of = own_pid();
	}
	return buffer != 0;
}

static long read_memory(void *to, uintptr_t from, size_t size)
{
	struct iovec local = {to, size}, remote = {(void *)from, size};

	return sys_call6(SYS_process_vm_readv, own_pid(), (long)&local, 1, (long)&remote, 1, 0);
}

uint32_t holders_read(void *to, uintptr_t from, size_t size)
{
	long got = read_memory(to, from, size);

	return got > 0 ? (uint32_t)got : 0;
}

static inline int is_inside(uintptr_t word, uintptr_t hidden, uint64_t size)
{
	return ~hidden + 0 <= word && word - ~hidden < size;
}

int holders_still(uintptr_t at, uintptr_t hidden, uint64_t size)
{
	uintptr_t word;

	if (read_memory(&word, at, sizeof word) != (long)sizeof word)
		return -1;
	return is_inside(word, hidden, size);
}

static int is_left_out(const struct holders_question *q, uintptr_t at)
{
	return (at >= q->except && at < q->except_end) || (at >= q->unused[0] && at < q->unused_end[0]) ||
	       (at >= q->unused[1] && at < q->unused_end[1]);
}

/* The first word of some, which lie at an address, that leads into the block; its place in `words`, -1: none. */
static long seek(const uintptr_t *words, uintptr_t at, uint64_t count, const struct holders_question *q)
{
	uintptr_t hidden = q->hidden;
	uint64_t size = q->size;

	for (uint64_t i = 0; i < count; i++)
		if (__builtin_expect(is_inside(words[i], hidden, size), 0) && !is_left_out(q, at + i * 8) &&
		    (!q->room || containers_kind(words + i, i, count - i, q->room)))
			return (long)i;
	return -1;
}

/* Reads a range piece by piece. Returns where a pointer was found, 0: nowhere. */
static uintptr_t seek_range(uintptr_t from, uintptr_t to, const struct holders_question *q)
{
	from = (from + 7) & ~(uintptr_t)7;
	while (from + 8 <= to) {
		size_t size = to - from < BUFFER ? to - from : BUFFER;
		long got = read_memory(buffer, from, size), i;

		if (got <= 0) {
			from = (from & ~(uintptr_t)4095) + 4096;
			continue;
		}
		i = seek((uintptr_t *)(void *)buffer, from, (uint64_t)got / 8, q);
		if (i >= 0)
			return from + (uintptr_t)i * 8;
		from += (uintptr_t)got & ~(uintptr_t)7;
		if ((size_t)got < size)
			from = (from & ~(uintptr_t)4095) + 4096;
	}
	return 0;
}

struct batch {
	struct iovec remote[AT_ONCE];
	uint32_t slot[AT_ONCE];
	uint32_t count;
	size_t size;
};

static int ask_batch(struct batch *b, const struct holders_question *q, struct holders_answer *a)
{
	struct iovec local = {buffer, b->size};
	long got = b->count ? sys_call6(SYS_process_vm_readv, own_pid(), (long)&local, 1, (long)b->remote, b->count, 0) : 0;
	size_t at = 0;

	for (uint32_t i = 0; i < b->count && got > 0 && at < (size_t)got; i++) {
		size_t size = b->remote[i].iov_len;
		long found = seek((uintptr_t *)(void *)(buffer + at), (uintptr_t)b->remote[i].iov_base, size / 8, q);

		if (found >= 0) {
			a->what = TRACE_HOLDER_BLOCK;
			a->slot = b->slot[i];
			a->at = (uintptr_t)b->remote[i].iov_base + (uintptr_t)found * 8;
			return 1;
		}
		at += size;
	}
	b->count = 0;
	b->size = 0;
	return 0;
}

static int is_asked(const struct trace_block *block, uintptr_t address, const struct holders_question *q)
{
	return address && address != ~q->hidden && address != q->except && trace_block_size(block) >= 8 &&
	       (block->what >> 40 & 7) != TRACE_FAMILY_GONE;
}

static int ask_heap(const struct holders_question *q, struct holders_answer *a)
{
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_BLOCK].used;
	static struct batch b; /* one at a time */

	b.count = 0;
	b.size = 0;
	for (uint32_t i = 1; i < used; i++) {
		const struct trace_block *block = state_block(i);
		uintptr_t address = trace_block_address(block);
		size_t size = trace_block_size(block) & ~7ull;

		if (!is_asked(block, address, q))
			continue;
		if (size > BLOCK_MOST) {
			uintptr_t at = seek_range(address, address + size, q);

			if (at) {
				*a = (struct holders_answer){TRACE_HOLDER_BLOCK, at, i, CONTAINER_NONE};
				return 1;
			}
			continue;
		}
		if ((b.count == AT_ONCE || b.size + size > BUFFER) && ask_batch(&b, q, a))
			return 1;
		b.remote[b.count] = (struct iovec){(void *)address, size};
		b.slot[b.count++] = i;
		b.size += size;
	}
	return ask_batch(&b, q, a);
}

/* Of this library, as the linker names them. */
extern const char __ehdr_start[] __attribute__((visibility("hidden")));
extern const char _end[] __attribute__((visibility("hidden")));

static int is_private(uintptr_t start, uintptr_t end)
{
	uintptr_t header = (uintptr_t)state.header;

	if ((start < (uintptr_t)_end && end > (uintptr_t)__ehdr_start) || (header >= start && header < end))
		return 1;
	for (uint32_t i = 0; i < AREA_PRIVATES; i++)
		if (area_privates[i].start < end && area_privates[i].start + area_privates[i].size > start && area_privates[i].start)
			return 1;
	return 0;
}

/* Memory that malloc hands out in pieces: looked at by blocks. */
static int is_heap(uintptr_t start, const char *name)
{
	return !strncmp(name, "[heap]", 6) || (*name == '\n' && (!(start & ((64ull << 20) - 1)) || live_find(start + 16)));
}

/* One mapping. Returns 1 if it holds the block. */
static int ask_mapping(uintptr_t start, uintptr_t end, const char *name, int is_file, const struct holders_question *q,
		       struct holders_answer *a)
{
	uintptr_t at;

	if (is_private(start, end) || is_heap(start, name) || *name == '[')
		if (strncmp(name, "[stack", 6) || is_private(start, end))
			return 0;
	if (q->dead < end && q->dead_end > start)
		start = q->dead_end; /* above it lie what is thread-local and what main got */
	if (q->stack && q->stack >= start && q->stack < end)
		start = q->stack;
	at = start < end ? seek_range(start, end, q) : 0;
	if (!at)
		return 0;
	a->what = is_file ? TRACE_HOLDER_GLOBAL : at >= q->stack && at < q->stack_end ? TRACE_HOLDER_STACK : TRACE_HOLDER_MAPPING;
	a->at = at;
	return 1;
}

/* Of malloc and the loader: what their own pointers lead to is not held by the program. */
static int is_of_libc(const char *path)
{
	static const char *const names[] = {"libc.so", "libc-2", "ld-linux", "ld-2", "ld-musl", "libc.musl", 0};
	const char *name = path;

	for (; *path && *path != '\n'; path++)
		if (*path == '/')
			name = path + 1;
	for (const char *const *n = names; *n; n++)
		if (!strncmp(name, *n, strlen(*n)))
			return 1;
	return 0;
}

/* What follows a file's mapping without a name is its .bss. */
static int ask_mappings(const struct holders_question *q, struct holders_answer *a)
{
	char *text = (char *)buffer + BUFFER;
	size_t size = 0;
	uintptr_t file_end = 0;
	int is_libc = 0;
	long fd = proc_open("maps", 0), got;

	if (fd < 0)
		return -1;
	while (size < MAPS - 1 && (got = sys_call3(SYS_read, fd, (long)text + (long)size, (long)(MAPS - 1 - size))) > 0)
		size += (size_t)got;
	sys_call3(SYS_close, fd, 0, 0);
	text[size] = 0;
	for (const char *at = text; *at;) {
		uintptr_t start = tasks_number(&at, 16), end;
		int is_file, can_write;

		at += *at == '-';
		end = tasks_number(&at, 16);
		at += *at == ' ';
		can_write = at[0] == 'r' && at[1] == 'w';
		for (int words = 0; words < 4 && *at; at++) /* rights, offset, device, inode */
			words += *at == ' ' && at[1] != ' ';
		while (*at == ' ')
			at++;
		is_file = *at == '/' || (*at == '\n' && start == file_end);
		if (*at == '/') {
			file_end = end;
			is_libc = is_of_libc(at);
		}
		can_write &= !(is_file && is_libc);
		if (can_write && strncmp(at, "/dev/", 5) && ask_mapping(start, end, at, is_file, q, a))
			return 1;
		while (*at && *at++ != '\n')
			;
	}
	return 0;
}

static int ask_thread(const struct holders_question *q, struct holders_answer *a)
{
	if (q->stack) {
		a->at = seek_range(q->stack, q->stack_end, q);
		if (a->at) {
			a->what = TRACE_HOLDER_STACK;
			return 1;
		}
	}
	for (uint32_t i = 0; i < q->saved_count; i++)
		if (is_inside(~q->saved[i], q->hidden, q->size)) {
			a->what = TRACE_HOLDER_REGISTER;
			return 1;
		}
	return 0;
}

static int find(const struct holders_question *q, struct holders_answer *a)
{
	int found;

	*a = (struct holders_answer){TRACE_HOLDER_UNKNOWN, 0, 0, CONTAINER_NONE};
	if (!ready())
		return -1;
	if (q->is_slow && ask_thread(q, a))
		return 0;
	if (ask_heap(q, a))
		return 0;
	found = ask_mappings(q, a);
	if (found > 0 || q->is_slow || !ask_thread(q, a))
		return found < 0 ? -1 : 0;
	return 0;
}

static enum container_kind container_at(uintptr_t at, uint64_t size)
{
	static const uint32_t most[] = {8, 4, 3}; /* words from the one before it; less where memory ends */
	uintptr_t words[8];

	for (uint32_t i = 0; i < sizeof most / sizeof *most; i++)
		if (holders_read(words, at - 8, most[i] * 8) == most[i] * 8)
			return containers_kind(words + 1, 1, most[i] - 1, size);
	return CONTAINER_NONE;
}

int holders_find(const struct holders_question *q, struct holders_answer *a)
{
	int r = find(q, a);

	if (!r && q->room && a->what)
		a->container = container_at(a->at, q->room);
	return r;
}
