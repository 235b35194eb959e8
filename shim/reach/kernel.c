/* SPDX-License-Identifier: MIT */
/* Pointers that only the kernel holds. */
#include "kernel.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "note.h"
#include "requests.h"
#include "signal_stacks.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define BUFFER (64u * 1024)
#define LISTING 1024u     /* descriptors that are looked at in one go: the kernel refers to each meanwhile */
#define PIPE_BYTES 4096u
#define NONBLOCK 2u       /* SPLICE_F_NONBLOCK */
#define DESCRIPTORS 65536u

/* Where the words that are found go: to the marker, or into the cut. */
struct reader {
	struct reach_cut *cut;
	struct reach_marker *marker; /* 0: into the cut */
	int are_rings_kept;          /* in the cut, to be asked for their requests later */
	unsigned char *buffer;
	uint32_t size;
};

static char *join(char *to, const char *end, const char *a, const char *b)
{
	for (; *a && to < end - 1; a++)
		*to++ = *a;
	for (; *b && to < end - 1; b++)
		*to++ = *b;
	*to = 0;
	return to;
}

static void mark(struct reader *r, uint64_t word, uint64_t where)
{
	struct reach_cut *cut = r->cut;

	if (r->marker)
		reach_mark_words(r->marker, &word, 1, where, TRACE_ROOT_KERNEL);
	else if (word < 4096 || (word >> 47 && !cut->tagged)) /* no address */
		return;
	else if (cut->queued_count < cut->queued_most)
		cut->queued[cut->queued_count++] = (struct reach_queued){word, where};
	else
		cut->is_queued_all = 0;
}

/* For an instant the kernel will refer to open files of the program on our behalf: its close() waits. */
static void touching(struct reader *r, uint32_t is_so)
{
	__atomic_store_n(&r->cut->scan->touches, is_so, __ATOMIC_SEQ_CST);
}

/* Marks the hexadecimal number behind each `label`, and behind a '/' that follows it if `slash`. */
static int numbers_in(struct reader *r, const char *path, const char *label, int slash, uintptr_t where)
{
	size_t size = strlen(label), matched = 0;
	uint64_t number = 0;
	int in_number = 0;
	long n, fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return -1;
	while ((n = sys_call3(SYS_read, fd, (long)r->buffer, r->size)) > 0) {
		for (long i = 0; i < n; i++) {
			char c = (char)r->buffer[i];
			int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;

			if (in_number) {
				if (digit >= 0) {
					number = number << 4 | (uint64_t)digit;
				} else if (c == '/' && slash) {
					number = 0;
				} else if (c != ' ' || number) {
					mark(r, number, where);
					in_number = 0;
				}
				continue;
			}
			matched = c == label[matched] ? matched + 1 : c == label[0];
			if (matched == size) {
				in_number = 1;
				number = matched = 0;
			}
		}
	}
	if (in_number)
		mark(r, number, where);
	sys_call3(SYS_close, fd, 0, 0);
	return n < 0 ? -1 : 0;
}

/* `base` is the folder of the process, or of one of its threads. */
static int descriptor(struct reader *r, const char *base, const char *name)
{
	char path[96], link[64];
	const char *at = name;
	uintptr_t fd = tasks_number(&at, 10);

	join(join(path, path + sizeof path, base, "fd/"), path + sizeof path, name, "");
	touching(r, 1);
	long n = sys_call3(SYS_readlink, (long)path, (long)link, sizeof link - 1);
	touching(r, 0);
	if (n <= 0)
		return 0;
	link[n] = 0;
	int is_ring = !strcmp(link, "anon_inode:[io_uring]"), is_count = !strcmp(link, "anon_inode:[eventfd]");

	if (!is_ring && !is_count && strcmp(link, "anon_inode:[eventpoll]"))
		return 0;
	join(join(path, path + sizeof path, base, "fdinfo/"), path + sizeof path, name, "");
	if (is_ring && (!r->are_rings_kept || r->cut->ring_count == REACH_RINGS || strlen(base) >= sizeof r->cut->ring_base))
		return -1;
	if (is_ring) {
		r->cut->ring[r->cut->ring_count++] = (uint32_t)fd;
		join(r->cut->ring_base, r->cut->ring_base + sizeof r->cut->ring_base, base, "");
	}
	/* registered buffers of a ring stand there as "number: 0xADDRESS/size" */
	touching(r, 1);
	int result = numbers_in(r, path, is_ring ? ": 0x" : is_count ? "eventfd-count: " : " data:", 0, fd);
	touching(r, 0);
	return result;
}

/* Epoll sets, by the names of all descriptors. Returns how many there are, or -1. */
static int descriptors(struct reader *r, const char *base)
{
	unsigned char list[LISTING];
	char path[96];
	int seen = 0, result = 0;
	long n;

	join(path, path + sizeof path, base, "fd");
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return -1;
	for (;;) {
		touching(r, 1);
		n = sys_call3(SYS_getdents64, fd, (long)list, sizeof list);
		touching(r, 0);
		if (n <= 0)
			break;
		for (long at = 0; at < n;) {
			struct sys_entry *e = (struct sys_entry *)(list + at);
			int is_one = e->name[0] >= '0' && e->name[0] <= '9';

			seen += is_one;
			if (is_one && descriptor(r, base, e->name))
				result = -1;
			at += e->length;
		}
	}
	sys_call3(SYS_close, fd, 0, 0);
	return n < 0 || result ? -1 : seen;
}

/* Our parent as /proc calls it, which may count its processes otherwise than we do: "/proc/PPID/". */
static int find_program(const struct reach_cut *cut, char *base, const char *end)
{
	char text[2048], number[24];
	const char *at = cut->shown ? 0 : tasks_status(text, sizeof text, "PPid:");
	long pid = at ? (long)tasks_number(&at, 10) : cut->shown;

	if (pid <= 0)
		return -1;
	join(join(base, end, "/proc/", note_number(number, pid)), end, "/", "");
	return 0;
}

/* The table of a process whose first thread has gone is seen through another one. */
static int by_threads(struct reader *r, const char *base)
{
	unsigned char list[LISTING];
	char path[96];
	int result = 0;
	long n = 0;

	join(path, path + sizeof path, base, "task");
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	while (!result && !sys_failed(fd) && (n = sys_call3(SYS_getdents64, fd, (long)list, sizeof list)) > 0)
		for (long at = 0; at < n && !result;) {
			struct sys_entry *e = (struct sys_entry *)(list + at);

			if (e->name[0] != '.') {
				char *to = join(path, path + sizeof path, base, "task/");

				join(join(to, path + sizeof path, e->name, "/"), path + sizeof path, "", "");
				result = descriptors(r, path);
			}
			at += e->length;
		}
	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	return result;
}

/* Bytes that wait in a pipe are copied to ours. They may be whole words, or messages that
 * hold one at any multiple of 4. */
static void pipe_bytes(struct reader *r, int fd, int *ours)
{
	if (ours[0] == ours[1] && sys_failed(sys_call3(SYS_pipe2, (long)ours, O_CLOEXEC | O_NONBLOCK, 0)))
		return;
	long n = sys_call6(SYS_tee, fd, ours[1], BUFFER, NONBLOCK, 0, 0);

	while (n > 0) {
		long got = sys_call3(SYS_read, ours[0], (long)r->buffer, r->size);

		if (got <= 0)
			return;
		for (long i = 0; i + 8 <= got; i += 4) {
			uint64_t word;

			memcpy(&word, r->buffer + i, sizeof word);
			mark(r, word, (uint64_t)fd);
		}
		n -= got;
	}
}

static void signal_stack(void *context, uintptr_t start, uint32_t tid)
{
	mark(context, start, TRACE_KERNEL_SIGNAL_STACK | tid);
}

void reach_kernel_before(struct reach_cut *cut)
{
	unsigned char buffer[PIPE_BYTES];
	struct reader r = {cut, 0, 0, buffer, sizeof buffer};
	int ours[2] = {0, 0};

	cut->is_queued_all = cut->descriptors <= DESCRIPTORS;
	signal_stacks_each(signal_stack, &r);
	touching(&r, 1);
	for (int fd = 0; fd < (int)cut->descriptors && fd < (int)DESCRIPTORS; fd++) {
		int waiting = 0;

		/* answers for pipes only, and asks no file system */
		if (sys_failed(sys_call3(SYS_fcntl, fd, F_GETPIPE_SZ, 0)) || (ours[1] && (fd == ours[0] || fd == ours[1])))
			continue;
		if (!sys_call3(SYS_ioctl, fd, FIONREAD, (long)&waiting) && waiting >= 8)
			pipe_bytes(&r, fd, ours);
	}
	if (ours[0] != ours[1]) {
		sys_call3(SYS_close, ours[0], 0, 0);
		sys_call3(SYS_close, ours[1], 0, 0);
	}
	touching(&r, 0);
	/* of a process that must not be looked into, only /proc/self tells */
	cut->are_sets_queued = sys_call3(SYS_prctl, PR_GET_DUMPABLE, 0, 0) != 1;
	if (cut->are_sets_queued && descriptors(&r, "/proc/thread-self/") < 0 && descriptors(&r, "/proc/self/") < 0)
		cut->is_queued_all = 0;
}

void reach_kernel_gather(struct reach_cut *cut)
{
	unsigned char buffer[PIPE_BYTES];
	struct reader r = {cut, 0, 1, buffer, sizeof buffer};
	char path[96];

	cut->queued_kept = cut->queued_kept ? cut->queued_kept : cut->queued_count + 1;
	cut->queued_count = cut->queued_kept - 1;
	cut->ring_count = 0;
	cut->sets = find_program(cut, path, path + sizeof path);
	if (cut->sets < 0 || cut->are_sets_queued)
		return;
	cut->sets = descriptors(&r, path);
	if (!cut->sets)
		cut->sets = by_threads(&r, path);
}

int reach_kernel_scan(struct reach_cut *cut, struct reach_marker *m, struct reach_arena *arena)
{
	struct reader r = {cut, m, 0, reach_arena_take(arena, BUFFER), BUFFER};
	char path[96], number[24];

	for (uint32_t i = 0; i < cut->queued_count; i++)
		mark(&r, cut->queued[i].word, cut->queued[i].descriptor);
	if (!r.buffer || find_program(cut, path, path + sizeof path))
		return -1;
	for (uint32_t i = 0; i < cut->ring_count; i++) {
		char ring[96], *to = join(ring, ring + sizeof ring, cut->ring_base, "fdinfo/");

		join(to, ring + sizeof ring, note_number(number, (long)cut->ring[i]), "");
		reach_requests_of_ring(m->reader->unread, ring, (char *)r.buffer, r.size);
	}
	reach_requests_of_aio(m->reader->unread, m->maps);
	join(path + strlen(path), path + sizeof path, "timers", "");
	/* kernels without checkpoint support have no such file: then nothing can be said */
	return numbers_in(&r, path, "signal: ", 1, 0) || cut->sets < 0 || !cut->is_queued_all ? -1 : 0;
}
