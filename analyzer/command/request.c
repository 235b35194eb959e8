/* SPDX-License-Identifier: MIT */
/* Asking for a scan: see request.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "process.h"
#include "request.h"
#include "trace.h"

#define PATIENCE_MS 60000 /* a scan of many GiB takes its time */
#define SCAN_READ (offsetof(struct trace_scan, process) + sizeof(uint32_t))
#define AND_NO_WISH "; nor did one allocate meanwhile, where it scans without a signal (ask again when it is at work); classes are those of " \
		    "the scan before, if there was one\n"
#define NOBODY "leakshim: no thread of the program took the request for a scan (all signals blocked?)" AND_NO_WISH
#define NOT_LISTENING "leakshim: the program does not listen for requests (LEAKSHIM_OPTIONS=signal=none, or it took the signal for itself)" \
		      AND_NO_WISH
#define PAST_LIBC "leakshim: the program takes real-time signals past libc, as Go's runtime does, and perhaps also the one of requests: it was " \
		  "not sent" AND_NO_WISH
#define REAL_TIME (~0ull << 34) /* the first ones are libc's own */
#define BLOCKED_MS 1000    /* until a thread lets signals through */
#define START_MS 5000     /* until a thread of the program takes the signal */
#define WISH_MS 2000      /* until one allocates */
#define REFUSED_MS 200    /* a wish that was granted and came to nothing: another scan was just under way */

static bool read_at(int fd, uint64_t at, void *to, size_t size)
{
	return pread(fd, to, size, (off_t)at) == (ssize_t)size;
}

/* The place of a SCAN element in the file, 0 if it is not there. */
static uint64_t scan_place(int fd, const struct trace_header *h, uint64_t i)
{
	const struct trace_area_head *head = &h->areas[TRACE_AREA_SCAN];
	struct trace_chunk chunk;

	if (!head->per_chunk || head->element < SCAN_READ)
		return 0;
	for (uint64_t at = h->header_size; at < h->file_used; at += chunk.length) {
		if (!read_at(fd, at, &chunk, sizeof(chunk)) || chunk.magic != TRACE_CHUNK_MAGIC ||
		    chunk.length < sizeof(chunk))
			return 0;
		if (chunk.area == TRACE_AREA_SCAN && chunk.ordinal == i / head->per_chunk)
			return at + sizeof(chunk) + i % head->per_chunk * head->element;
	}
	return 0;
}

/* The number of the latest scan, its status if it has one, and its process. */
static uint64_t latest(int fd, uint32_t *status, pid_t *process)
{
	struct trace_header h;
	struct trace_scan scan;
	uint64_t used, place;

	*status = TRACE_SCAN_UNDER_WAY;
	if (!read_at(fd, 0, &h, sizeof(h)) || !h.areas[TRACE_AREA_SCAN].used)
		return 0;
	used = h.areas[TRACE_AREA_SCAN].used - 1;
	place = scan_place(fd, &h, used);
	if (!place || !read_at(fd, place, &scan, SCAN_READ) || scan.number != used)
		return 0;
	*status = scan.status;
	*process = (pid_t)scan.process;
	return used;
}

/* A mask of signals from a thread's status: `format` is its line. 0 if that cannot be read. */
static uint64_t signal_mask(pid_t pid, const char *thread, const char *format)
{
	char path[64], line[256];
	uint64_t mask = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/status", (int)pid, thread);
	file = fopen(path, "re");
	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, "State:\tZ", 8) && !strncmp(format, "SigBlk", 6))
			mask = UINT64_MAX; /* a thread that has ended takes none any more */
		if (mask || sscanf(line, format, &mask) == 1)
			break;
	}
	fclose(file);
	return mask;
}

/* Why the signal of requests is not to be sent, NULL: it may be. Whose handler it is the kernel does not tell. */
static const char *why_not(pid_t pid, const struct trace_header *h)
{
	char thread[16];
	uint64_t caught, request;

	snprintf(thread, sizeof(thread), "%d", (int)pid);
	caught = signal_mask(pid, thread, "SigCgt: %" SCNx64);
	request = h->request_signal && h->request_signal <= 64 ? 1ull << (h->request_signal - 1) : 0;
	if (caught & REAL_TIME & ~request & ~h->caught)
		return PAST_LIBC;
	return caught & request ? NULL : NOT_LISTENING;
}

/* By SIGSTOP and its like, or by a debugger: it would take the request when it goes on, and nobody waits then. */
static bool is_stopped(pid_t pid)
{
	char path[64], line[256], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	while (file && !state && fgets(line, sizeof(line), file))
		sscanf(line, "State: %c", &state);
	if (file)
		fclose(file);
	return state == 'T' || state == 't';
}

/* A thread that waits for a signal itself: the kernel takes those that it waits for out of what it blocks, and would give it this
 * one as any other. Where that may not be asked, it does not. */
static bool waits_for(pid_t pid, const char *thread, uint32_t number)
{
	unsigned long call, set;
	char path[320];
	uint64_t signals = 0;
	struct iovec to = { &signals, sizeof(signals) }, from = { .iov_len = sizeof(signals) };
	FILE *file;
	bool is_waiting;

	snprintf(path, sizeof(path), "/proc/%d/task/%s/syscall", (int)pid, thread);
	file = fopen(path, "re");
	is_waiting = file && fscanf(file, "%lu %lx", &call, &set) == 2 && call == SYS_rt_sigtimedwait;
	if (file)
		fclose(file);
	from.iov_base = is_waiting ? (void *)(uintptr_t)set : NULL;
	return is_waiting && process_vm_readv(pid, &to, 1, &from, 1, 0) == (ssize_t)sizeof(signals) && signals >> (number - 1) & 1;
}

/* A thread that does not block a signal, the first one if it can be; 0: there is none. */
static pid_t taker(pid_t pid, uint32_t number)
{
	char path[64];
	struct dirent *entry;
	pid_t found = 0;
	DIR *folder;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	folder = opendir(path);
	while (folder && !found && (entry = readdir(folder)))
		if (entry->d_name[0] != '.' && !waits_for(pid, entry->d_name, number) &&
		    !(signal_mask(pid, entry->d_name, "SigBlk: %" SCNx64) >> (number - 1) & 1) && !waits_for(pid, entry->d_name, number))
			found = (pid_t)atoi(entry->d_name);
	if (folder)
		closedir(folder);
	return found;
}

/* The system call that a thread waits in, as a hint for the handler: where none of the shim's wrappers made it, nothing else
 * knows its number. 0 if that is not told. */
static uint64_t call_of(pid_t pid, pid_t thread)
{
	unsigned long number, pc;
	char path[64];
	uint64_t hint = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", (int)pid, (int)thread);
	file = thread ? fopen(path, "re") : NULL;
	if (!file)
		return 0;
	if (fscanf(file, "%lu %*x %*x %*x %*x %*x %*x %*x %lx", &number, &pc) == 2 && number < 0xfff)
		hint = TRACE_HINT(number + 1, pc);
	fclose(file);
	return hint;
}

static void nap(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The same; threads may block signals for a moment. */
static pid_t await_taker(pid_t pid, uint32_t number)
{
	int64_t start = now_ms();
	pid_t thread;

	while (!(thread = taker(pid, number)) && now_ms() - start < BLOCKED_MS)
		nap();
	return thread;
}

/*
 * To one thread: a signal to the process wakes one thread and may be taken by another one, and the first then
 * finds its call interrupted by nothing. Where all threads block it none is sent: the program may wait for any signal. Returns 0 or -1
 * with errno, EBUSY then.
 */
static int send(pid_t pid, uint32_t number)
{
	pid_t thread = await_taker(pid, number);
	union sigval mark = { .sival_ptr = (void *)(uintptr_t)(call_of(pid, thread) << 32 | TRACE_REQUEST) };
	siginfo_t info = { .si_code = SI_QUEUE };

	info.si_pid = getpid();
	info.si_uid = getuid();
	info.si_value = mark;
	if (!thread) {
		errno = EBUSY;
		return -1;
	}
	if (!syscall(SYS_rt_tgsigqueueinfo, pid, thread, number, &info))
		return 0;
	return sigqueue(pid, (int)number, mark);
}

/* Waits for a scan after number `before`. If none begins, `nobody` is said. A wish that came to nothing is made again. */
static int await(int fd, pid_t pid, uint64_t before, const char *nobody, const char *wished)
{
	int64_t start = now_ms(), waited, granted = 0;
	uint32_t status;
	pid_t process;

	while ((waited = now_ms() - start) < PATIENCE_MS) {
		uint64_t number = latest(fd, &status, &process);

		if (number > before && status != TRACE_SCAN_UNDER_WAY)
			return 0;
		if (number <= before && waited >= (wished ? WISH_MS : START_MS)) {
			fputs(nobody, stderr);
			return -1;
		}
		if (number <= before && wished && file_is_granted(wished)) {
			granted = granted ? granted : waited;
			if (waited - granted > REFUSED_MS && !file_wish(wished))
				granted = 0;
		}
		if (!process_start(pid)) {
			fputs("leakshim: the program ended meanwhile\n", stderr);
			return -1;
		}
		nap();
	}
	fputs("leakshim: the scan takes too long; its verdicts are not all there\n", stderr);
	return -1;
}

/* Somebody else's scan is under way: the program would not begin another one. Returns the number of the latest. */
static uint64_t await_others(int fd)
{
	int64_t start = now_ms();
	uint64_t number;
	uint32_t status;
	pid_t process = 0;

	while ((number = latest(fd, &status, &process)) && status == TRACE_SCAN_UNDER_WAY && process && process_start(process) &&
	       now_ms() - start < PATIENCE_MS)
		nap();
	return number;
}

/* Without a signal. `why` there is none is said if that comes to nothing. */
static int scan_by_wish(const char *path, int fd, pid_t pid, uint64_t before, const char *why)
{
	int r = -1;

	if (file_wish(path)) {
		fputs(why, stderr);
		return -1;
	}
	r = await(fd, pid, before, why, path);
	file_unwish(path);
	return r;
}

int request_scan(const char *path, pid_t pid)
{
	struct trace_header h;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r = -1;

	if (fd < 0 || !read_at(fd, 0, &h, sizeof(h)) || h.pid == 0) {
		fprintf(stderr, "leakshim: cannot ask for a scan: the trace cannot be read\n");
	} else if (is_stopped(pid)) {
		fprintf(stderr, "leakshim: the program is stopped (SIGSTOP, or a debugger): it cannot be asked before it goes on (kill -CONT "
				"%d); there is no new scan\n", (int)pid);
	} else {
		uint64_t before = await_others(fd);
		const char *why = read_at(fd, 0, &h, sizeof(h)) ? why_not(pid, &h) : NOT_LISTENING;

		if (!why && !send(pid, h.request_signal))
			r = await(fd, pid, before, NOBODY, NULL);
		else if (why || errno == EBUSY)
			r = scan_by_wish(path, fd, pid, before, why ? why : NOBODY);
		else
			fprintf(stderr, "leakshim: cannot ask for a scan: %s\n", strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	return r;
}
