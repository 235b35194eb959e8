/* SPDX-License-Identifier: MIT */
/* Pointers that only the kernel holds. */
#include "kernel.h"

#include <fcntl.h>
#include <string.h>

#include "note.h"
#include "sys.h"
#include "rules.h"

#define BUFFER (64u * 1024)
#define NONBLOCK 2u /* SPLICE_F_NONBLOCK */

struct reader {
	struct reach_marker *marker;
	unsigned char *buffer;
	int pipe[2]; /* ours; [0] is 0 until it is needed */
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

static void mark(struct reader *r, uint64_t word, uintptr_t where)
{
	reach_mark_words(r->marker, &word, 1, where, TRACE_ROOT_KERNEL);
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
	while ((n = sys_call3(SYS_read, fd, (long)r->buffer, BUFFER)) > 0) {
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

/* Bytes that wait in a pipe are copied to ours. They may be whole words, or messages that
 * hold one at any multiple of 4. */
static void pipe_bytes(struct reader *r, int fd)
{
	if (!r->pipe[0] && sys_failed(sys_call3(SYS_pipe2, (long)r->pipe, O_CLOEXEC | O_NONBLOCK, 0)))
		return;
	long n = sys_call6(SYS_tee, fd, r->pipe[1], BUFFER, NONBLOCK, 0, 0);

	while (n > 0) {
		long got = sys_call3(SYS_read, r->pipe[0], (long)r->buffer, BUFFER);

		if (got <= 0)
			return;
		for (long i = 0; i + 8 <= got; i += 4) {
			uint64_t word;

			memcpy(&word, r->buffer + i, sizeof word);
			mark(r, word, (uintptr_t)fd);
		}
		n -= got;
	}
}

static int descriptor(struct reader *r, const char *name)
{
	char path[64], link[64];
	int fd = 0;

	for (const char *c = name; *c >= '0' && *c <= '9'; c++)
		fd = fd * 10 + (*c - '0');
	join(path, path + sizeof path, "/proc/self/fd/", name);
	long n = sys_call3(SYS_readlink, (long)path, (long)link, sizeof link - 1);
	if (n <= 0)
		return 0;
	link[n] = 0;
	if (!strcmp(link, "anon_inode:[eventpoll]")) {
		join(path, path + sizeof path, "/proc/self/fdinfo/", name);
		return numbers_in(r, path, " data:", 0, (uintptr_t)fd);
	}
	if (!strncmp(link, "pipe:[", 6) && fd != r->pipe[0] && fd != r->pipe[1])
		pipe_bytes(r, fd);
	return 0;
}

static int descriptors(struct reader *r, unsigned char *list)
{
	int result = 0;
	long n, fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC,
			       0, 0, 0);

	if (sys_failed(fd))
		return -1;
	while ((n = sys_call3(SYS_getdents64, fd, (long)list, BUFFER)) > 0) {
		for (long at = 0; at < n;) {
			struct sys_entry *e = (struct sys_entry *)(list + at);

			if (e->name[0] >= '0' && e->name[0] <= '9' && descriptor(r, e->name))
				result = -1;
			at += e->length;
		}
	}
	sys_call3(SYS_close, fd, 0, 0);
	return result;
}

int reach_kernel_scan(struct reach_marker *m, uint32_t pid, struct reach_arena *arena)
{
	struct reader r = {m, reach_arena_take(arena, BUFFER), {0, 0}};
	unsigned char *list = reach_arena_take(arena, BUFFER);
	char path[64], number[24];

	if (!r.buffer || !list)
		return -1;
	int result = descriptors(&r, list);
	char *at = join(path, path + sizeof path, "/proc/", note_number(number, (long)pid));
	join(at, path + sizeof path, "/timers", "");
	/* kernels without checkpoint support have no such file: then nothing can be said */
	return numbers_in(&r, path, "signal: ", 1, 0) ? -1 : result;
}
