/* SPDX-License-Identifier: MIT */
/* Messages of the shim. Laws in note.h. */
#include "note.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "sys.h"
#include "rules.h"

static struct {
	int known;
	dev_t device;
	ino_t inode;
} stderr_was;

void note_start(void)
{
	struct stat status;

	stderr_was.known = !sys_failed(sys_call3(SYS_fstat, 2, (long)&status, 0));
	if (stderr_was.known) {
		stderr_was.device = status.st_dev;
		stderr_was.inode = status.st_ino;
	}
}

int note_possible(void)
{
	struct stat status;

	return stderr_was.known && !sys_failed(sys_call3(SYS_fstat, 2, (long)&status, 0)) &&
	       status.st_dev == stderr_was.device && status.st_ino == stderr_was.inode;
}

#define SIGNALS (1ull << (SIGPIPE - 1) | 1ull << (SIGXFSZ - 1) | 1ull << (SIGTTOU - 1))

/* What a pipe that nobody reads, a limit of file sizes or a terminal has to say is not for the program. */
static void write_line(const char *line, size_t size, int is_guarded)
{
	uint64_t ours = SIGNALS, before = 0, pending = ours;
	struct timespec none = {0, 0};
	long blocked, r;

	if (!is_guarded) {
		sys_host3(SYS_write, 2, (long)line, (long)size);
		return;
	}
	blocked = sys_call6(SYS_rt_sigprocmask, SIG_BLOCK, (long)&ours, (long)&before, 8, 0, 0);
	if (!sys_failed(blocked))
		sys_call3(SYS_rt_sigpending, (long)&pending, 8, 0);
	r = sys_call3(SYS_write, 2, (long)line, (long)size);
	if (sys_failed(blocked))
		return;
	ours &= ~pending;
	if (ours && (r == -EPIPE || r == -EFBIG))
		sys_call6(SYS_rt_sigtimedwait, (long)&ours, 0, (long)&none, 8, 0, 0);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
}

static size_t append(char *line, size_t used, size_t size, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	if (n > size - used)
		n = size - used;
	if (n)
		memcpy(line + used, text, n);
	return used + n;
}

void note_say(const char *a, const char *b, const char *c)
{
	char line[512];
	size_t used = 0;

	if (!note_possible())
		return;
	used = append(line, used, sizeof line - 1, "leakshim: ");
	used = append(line, used, sizeof line - 1, a);
	used = append(line, used, sizeof line - 1, b);
	used = append(line, used, sizeof line - 1, c);
	line[used++] = '\n';
	write_line(line, used, 1);
}

void note_unguarded(const char *a, const char *b, const char *c)
{
	const char *parts[] = {"leakshim: ", a, b, c};
	char line[512];
	size_t used = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		for (const char *at = parts[i]; at && *at && used < sizeof line - 1; at++)
			line[used++] = *at;
	line[used++] = '\n';
	write_line(line, used, 0);
}

char *note_number(char *to, long number)
{
	char *at = to + 23;
	unsigned long n = number < 0 ? 0ul - (unsigned long)number : (unsigned long)number;

	*at = 0;
	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	if (number < 0)
		*--at = '-';
	return at;
}

char *note_put(char *to, const char *end, const char *text)
{
	while (text && *text && to < end - 1)
		*to++ = *text++;
	*to = 0;
	return to;
}
