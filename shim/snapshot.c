/* SPDX-License-Identifier: MIT */
/* Taking the cut. Laws in snapshot.h. */
#include "snapshot.h"

#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#include "area.h"
#include "note.h"
#include "real.h"
#include "resource.h"
#include "settings.h"
#include "spawn.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define END_SECONDS 30
#define SIGNALS 64
#define RED_ZONE 128
#define END_YIELDS 10000
#define LISTING 32768
#define DESCRIPTOR_SIZE 2304u
#define SHARED_STACK (256l * 1024)
#define RESTORER 0x04000000ul /* SA_RESTORER */
#define COPY_LEAST 200u   /* microseconds */
#define COPY_PER_MIB 17u  /* of 4 KiB pages */

/* Not wiped by a fork. */
static struct {
	uintptr_t main_tcb, tls_span;
	uint32_t tid_offset;
	uint32_t main_pid;  /* the process that main_tcb was found in */
	uint32_t regions_lock, region_count;
	struct reach_region regions[REACH_REGIONS];
} facts;

struct entry {
	uint64_t inode;
	int64_t next;
	uint16_t length;
	uint8_t type;
	char name[];
};

static int tls_extent(struct dl_phdr_info *info, size_t size, void *data)
{
	uintptr_t tcb = *(uintptr_t *)data, block;

	if (size < offsetof(struct dl_phdr_info, dlpi_tls_data) + sizeof(void *))
		return 1;
	block = (uintptr_t)info->dlpi_tls_data;
	if (block && block < tcb && tcb - block < 1u << 20 && tcb - block > facts.tls_span)
		facts.tls_span = tcb - block;
	return 0;
}

void snapshot_start(void)
{
	uintptr_t tcb = (uintptr_t)pthread_self();
	uint32_t tid = (uint32_t)sys_call3(SYS_gettid, 0, 0, 0);

	facts.main_tcb = tcb;
	facts.main_pid = (uint32_t)sys_call3(SYS_getpid, 0, 0, 0);
	dl_iterate_phdr(tls_extent, &tcb);
	if (((uintptr_t *)tcb)[0] != tcb || ((uintptr_t *)tcb)[2] != tcb)
		return; /* not glibc's */
	for (uint32_t i = 64; i < DESCRIPTOR_SIZE; i += 4)
		if (*(const uint32_t *)(tcb + i) == tid) {
			facts.tid_offset = i;
			break;
		}
}

int snapshot_region(uintptr_t start, uintptr_t size, int add)
{
	int result = -1;

	state_lock(&facts.regions_lock);
	uint32_t i = 0;
	while (i < facts.region_count && (add || facts.regions[i].start != start || facts.regions[i].size != size))
		i++;
	if (add && i < REACH_REGIONS) {
		facts.regions[i] = (struct reach_region){start, size};
		facts.region_count++;
		result = 0;
	} else if (!add && i < facts.region_count) {
		facts.regions[i] = facts.regions[--facts.region_count];
		result = 0;
	}
	state_unlock(&facts.regions_lock);
	return result;
}

static uintptr_t number(const char **at, unsigned base)
{
	uintptr_t n = 0;

	while (**at == ' ' || **at == '\n')
		++*at;
	if (**at == '0' && (*at)[1] == 'x') {
		base = 16;
		*at += 2;
	}
	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			n = n * base + (uintptr_t)(c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			n = n * 16 + (uintptr_t)(c - 'a' + 10);
		else
			return n;
	}
}

/* How many arguments a call takes in which threads wait: the other registers hold what was there before. */
static int arity(uintptr_t call)
{
	switch (call) {
	case SYS_pause:
		return 0;
	case SYS_nanosleep:
	case SYS_rt_sigsuspend:
		return 2;
	case SYS_read:
	case SYS_write:
	case SYS_readv:
	case SYS_writev:
	case SYS_poll:
	case SYS_accept:
	case SYS_recvmsg:
	case SYS_sendmsg:
	case SYS_connect:
		return 3;
	case SYS_epoll_wait:
	case SYS_clock_nanosleep:
	case SYS_wait4:
	case SYS_accept4:
	case SYS_rt_sigtimedwait:
		return 4;
	case SYS_select:
	case SYS_ppoll:
	case SYS_waitid:
		return 5;
	default:
		return 6;
	}
}

/* "nr a0 a1 a2 a3 a4 a5 sp pc", "-1 sp pc", or "running". */
static void read_syscall(struct reach_thread *t, const char *name)
{
	char path[64] = "/proc/self/task/", text[256];
	size_t n = strlen(path), m = strlen(name);

	memcpy(path + n, name, m);
	memcpy(path + n + m, "/syscall", 9);
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return;
	long got = sys_call3(SYS_read, fd, (long)text, sizeof text - 1);
	sys_call3(SYS_close, fd, 0, 0);
	if (got <= 0 || text[0] == 'r')
		return;
	text[got] = 0;
	const char *at = text;
	if (*at == '-') {
		at += 2;
	} else {
		int used = arity(number(&at, 10));

		for (int i = 0; i < 6; i++) {
			uintptr_t word = number(&at, 10);

			if (i < used)
				t->word[t->words++] = word;
		}
	}
	t->sp = number(&at, 10);
}

struct tasks {
	struct reach_thread *thread;
	uint32_t count, most, unstable;
};

static void add_task(struct tasks *tasks, const char *name, uint32_t self, const struct snapshot_here *here)
{
	if (tasks->count == tasks->most)
		return;
	struct reach_thread *t = &tasks->thread[tasks->count++];
	const char *at = name;

	t->tid = (uint32_t)number(&at, 10);
	if (t->tid == self) {
		t->sp = here->sp;
		t->words = here->words;
		memcpy(t->word, here->word, sizeof t->word);
	} else {
		read_syscall(t, name);
		tasks->unstable += !t->sp;
	}
}

static uint64_t task_number(void)
{
	struct {
		uint64_t dev, ino, nlink;
		uint64_t rest[15];
	} status;

	if (sys_failed(sys_call3(SYS_stat, (long)"/proc/self/task", (long)&status, 0)))
		return 0;
	return status.nlink > 2 ? status.nlink - 2 : 1;
}

/* The threads of the process, in a mapping that a clone copies. Returns 0 or -1. */
static int read_tasks(struct tasks *tasks, uint32_t self, const struct snapshot_here *here)
{
	uint64_t most = task_number() + 64;
	unsigned char *listing;
	long n, at = sys_call6(SYS_mmap, 0, (long)(most * sizeof *tasks->thread + LISTING),
			       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(tasks, 0, sizeof *tasks);
	if (sys_failed(at))
		return -1;
	tasks->thread = (struct reach_thread *)at;
	tasks->most = (uint32_t)most;
	listing = (unsigned char *)(tasks->thread + most);
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0, 0);
	while (!sys_failed(fd) && (n = sys_call3(SYS_getdents64, fd, (long)listing, LISTING)) > 0)
		for (long i = 0; i < n;) {
			struct entry *e = (struct entry *)(listing + i);

			if (e->name[0] != '.')
				add_task(tasks, e->name, self, here);
			i += e->length;
		}
	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	if (!tasks->count) {
		char text[24];

		add_task(tasks, note_number(text, self), self, here);
	}
	return 0;
}

static void free_tasks(struct tasks *tasks)
{
	sys_call3(SYS_munmap, (long)tasks->thread, (long)(tasks->most * sizeof *tasks->thread + LISTING), 0);
}

/* In a fork child blocks of before the fork are alive, but not known; samples and drops leave out more. */
static int is_live_set_whole(void)
{
	const struct trace_header *h = state.header;

	return !(h->flags & TRACE_FLAG_FORKED) && trace_level(h) == TRACE_LEVEL_PARANOID && !h->seen_allocations &&
	       !h->drops[TRACE_DROP_NO_SPACE] && !h->drops[TRACE_DROP_REENTRANT] &&
	       !h->drops[TRACE_DROP_NO_THREAD] && !h->drops[TRACE_DROP_SITE];
}

/* Is anything followed and alive? */
static int has_live(void)
{
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_BLOCK].used;

	for (uint32_t i = 1; i < used; i++)
		if (__atomic_load_n(&state_block(i)->where, __ATOMIC_RELAXED))
			return 1;
	return resource_has_live();
}

static struct trace_scan *scan_at(uint32_t i)
{
	return (struct trace_scan *)state.areas[TRACE_AREA_SCAN].chunk[i >> AREA_SHIFT_SCAN] +
	       (i & ((1u << AREA_SHIFT_SCAN) - 1));
}

/* An entry for the scan and room for the verdicts. */
static struct trace_scan *begin_scan(enum trace_occasion occasion)
{
	uint32_t i = area_take(TRACE_AREA_SCAN, 1);

	if (!i)
		return 0;
	struct trace_scan *scan = scan_at(i);

	scan->occasion = occasion;
	scan->status = TRACE_SCAN_UNDER_WAY;
	scan->roots = settings.roots;
	scan->time = state_now();
	if (state_confined)
		scan->status = TRACE_SCAN_CONFINED;
	else if (!settings.roots)
		scan->status = TRACE_SCAN_SWITCHED_OFF;
	else if (!has_live()) /* nothing to judge: no copy of a heap for that */
		scan->status = TRACE_SCAN_DONE;
	else if (area_reserve(TRACE_AREA_VERDICT, state.header->areas[TRACE_AREA_BLOCK].used))
		scan->status = TRACE_SCAN_NO_SPACE;
	__atomic_store_n(&scan->number, i, __ATOMIC_RELEASE);
	return scan;
}

static void fill_cut(struct reach_cut *cut, struct trace_scan *scan, const struct tasks *tasks,
		     const struct snapshot_here *here)
{
	uint32_t pid = state.header->pid;

	*cut = (struct reach_cut){
		.header = state.header,
		.reserved = state.reserved,
		.scan = scan,
		.blocks = state.header->areas[TRACE_AREA_BLOCK].used,
		.roots = settings.roots,
		.heuristics = settings.heuristics,
		.pid = pid,
		.is_end = scan->occasion == TRACE_OCCASION_END,
		.age = settings.age * 1000,
		.main_over = here->main_over,
		.whole_heap = !is_live_set_whole(),
		.glibc = real.is_glibc ? (uintptr_t)real.malloc : 0,
		.tagged = settings.tagged,
		/* the thread that forked is the first one of the child */
		.main_tcb = facts.main_pid == pid ? facts.main_tcb : 0,
		.tls_span = facts.tls_span,
		.tid_offset = facts.tid_offset,
		.regions = facts.regions,
		.region_count = facts.region_count,
		.threads = tasks->thread,
		.thread_count = tasks->count,
		.early = (uintptr_t)real_early_arena,
		.early_size = REAL_EARLY_SIZE,
	};
	scan->flags = (cut->whole_heap ? TRACE_SCAN_WHOLE_HEAP : 0) | (here->main_over ? TRACE_SCAN_MAIN_OVER : 0);
	scan->threads = tasks->count;
	scan->unstable = tasks->unstable;
}

/* As the kernel lays it out. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* What is ours alone in the copy: no handler of the program, no core, first to go when memory is short,
 * and an end in any case. */
static void settle_child(int is_end)
{
	struct itimerval limit = {{0, 0}, {END_SECONDS * (is_end ? 1 : 20), 0}};
	struct rlimit core = {1, 1};
	struct kernel_action action = {.handler = (void *)SIG_DFL};
	uint64_t none = 0;

	for (int s = 1; s <= SIGNALS; s++)
		sys_call6(SYS_rt_sigaction, s, (long)&action, 0, 8, 0, 0);
	sys_call6(SYS_prlimit64, 0, RLIMIT_CORE, (long)&core, 0, 0, 0);
	sys_call3(SYS_setitimer, ITIMER_REAL, (long)&limit, 0);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&none, 0, 8, 0, 0);
	if (!is_end)
		sys_call3(SYS_setpriority, 0, 0, 19);
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC, 0, 0, 0);
	if (!sys_failed(fd)) {
		sys_call3(SYS_write, fd, (long)"1000", 4);
		sys_call3(SYS_close, fd, 0, 0);
	}
}

static int is_copy; /* in the scanning process: its memory is not the program's */

/* A line of maps: "start-end rw-p offset device inode". Drops the pages of private memory that no file backs. */
static void forget_line(const char *at, uintptr_t sp)
{
	uintptr_t start = number(&at, 16), end;

	at++;
	end = number(&at, 16);
	if (strncmp(at, " rw-p 00000000 00:00 0", 22) || (start <= sp && sp < end))
		return;
	sys_call3(SYS_madvise, (long)start, (long)(end - start), MADV_DONTNEED);
}

void snapshot_forget_copy(void)
{
	uintptr_t sp = (uintptr_t)__builtin_frame_address(0);
	char text[4096];
	long fd, n, kept = 0;

	if (!is_copy)
		return;
	fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/maps", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (sys_failed(fd))
		return;
	while ((n = sys_call3(SYS_read, fd, (long)text + kept, (long)sizeof text - kept)) > 0) {
		char *line = text, *end;

		n += kept;
		while ((end = memchr(line, '\n', (size_t)(text + n - line)))) {
			*end = 0;
			forget_line(line, sp);
			line = end + 1;
		}
		kept = text + n - line;
		memmove(text, line, (size_t)kept);
	}
	sys_call3(SYS_close, fd, 0, 0);
}

/* Returns the pid of the scanning process, or -errno. Does not return there. */
static long clone_and_scan(const struct reach_cut *cut, void (*then)(void))
{
	uint64_t all = ~0ull, before;
	struct trace_scan *scan = cut->scan;

	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	sys_call3(SYS_madvise, (long)cut->header, (long)cut->reserved, MADV_DOFORK);
	uint64_t start = state_clock_ns(CLOCK_MONOTONIC);
	long pid = sys_call6(SYS_clone, 0, 0, 0, 0, 0, 0);
	if (!pid) {
		settle_child(cut->is_end);
		is_copy = 1;
		reach_run(cut);
		if (then)
			then();
		for (;;)
			sys_call3(SYS_exit_group, 0, 0, 0);
	}
	scan->pause_us = (state_clock_ns(CLOCK_MONOTONIC) - start) / 1000;
	sys_call3(SYS_madvise, (long)cut->header, (long)cut->reserved, MADV_DONTFORK);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	return pid;
}

/* Waits for those that have ended. Returns 1 if `pid` is not running any more. */
static int reap(uint32_t pid)
{
	int is_over = 1, is_listed = 0;

	for (size_t i = 0; i < sizeof state.scanners / sizeof *state.scanners; i++) {
		uint32_t one = state.scanners[i];

		if (!one)
			continue;
		is_listed |= one == pid;
		if (sys_call6(SYS_wait4, one, 0, __WCLONE | WNOHANG, 0, 0, 0))
			__atomic_compare_exchange_n(&state.scanners[i], &one, 0, 0, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
		else if (one == pid)
			is_over = 0;
	}
	/* there was no place for it in the list */
	if (pid && !is_listed)
		is_over = sys_call6(SYS_wait4, pid, 0, __WCLONE | WNOHANG, 0, 0, 0) != 0;
	return is_over;
}

static void remember(uint32_t pid)
{
	for (size_t i = 0; i < sizeof state.scanners / sizeof *state.scanners; i++)
		if (!state.scanners[i]) {
			state.scanners[i] = pid;
			return;
		}
}

void snapshot_poll(void)
{
	uint32_t cut = __atomic_load_n(&state.cut, __ATOMIC_ACQUIRE);

	if (!cut || state.scanning)
		return;
	struct trace_scan *scan = scan_at(cut);
	if (scan->occasion == TRACE_OCCASION_END)
		return;
	if (!__atomic_load_n(&scan->status, __ATOMIC_ACQUIRE)) {
		if (!reap(scan->process))
			return;
		if (!scan->status)
			scan->status = TRACE_SCAN_BROKE;
	}
	__atomic_compare_exchange_n(&state.cut, &cut, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

/* Kilobytes of the process's own memory, from /proc/self/status: two counters, no walk. */
static uint64_t own_memory(void)
{
	char text[4096];
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)"/proc/self/status", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long n = sys_failed(fd) ? -1 : sys_call3(SYS_read, fd, (long)text, sizeof text - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	if (n <= 0)
		return 0;
	text[n] = 0;
	const char *at = strstr(text, "RssAnon:");
	if (!at)
		return 0;
	at += 8;
	while (*at == '\t')
		at++;
	return number(&at, 10);
}

/* Foresees how long a copy holds the program. */
static uint64_t predict(void)
{
	return COPY_LEAST + own_memory() * COPY_PER_MIB / 1024;
}

/* What a scan that shares our memory goes on with after we have returned. Lies behind the threads. */
struct shared {
	struct reach_cut cut;
	void (*then)(void);
};
_Static_assert(sizeof(struct shared) <= LISTING, "the place of the directory listing");

/* Memory went away under its eyes. */
static void give_up(int number)
{
	(void)number;
	for (;;)
		sys_call3(SYS_exit_group, 1, 0, 0);
}

static void scan_shared(void *data)
{
	struct shared *shared = data;
	struct kernel_action action = {.handler = (void *)give_up, .flags = RESTORER, .restorer = (void *)give_up};

	settle_child(0);
	sys_call6(SYS_rt_sigaction, SIGSEGV, (long)&action, 0, 8, 0, 0);
	sys_call6(SYS_rt_sigaction, SIGBUS, (long)&action, 0, 8, 0, 0);
	reach_run(&shared->cut);
	if (shared->then)
		shared->then();
	give_up(0);
}

static void free_shared(void)
{
	if (state.shared_stack)
		sys_call3(SYS_munmap, (long)state.shared_stack, SHARED_STACK, 0);
	if (state.shared_tasks)
		sys_call3(SYS_munmap, (long)state.shared_tasks, (long)state.shared_tasks_size, 0);
	state.shared_stack = state.shared_tasks = 0;
}

/* No copy: the scan shares our memory, and looks several times. Everything moves on meanwhile, so
 * no stack pointer stays true. */
static long take_shared(struct trace_scan *scan, const struct snapshot_here *here, void (*then)(void))
{
	struct tasks tasks;
	uint64_t all = ~0ull, before;
	long stack = sys_call6(SYS_mmap, 0, SHARED_STACK, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (sys_failed(stack))
		return stack;
	if (read_tasks(&tasks, (uint32_t)sys_call3(SYS_gettid, 0, 0, 0), here)) {
		sys_call3(SYS_munmap, stack, SHARED_STACK, 0);
		return -12;
	}
	struct shared *shared = (struct shared *)(tasks.thread + tasks.most);
	for (uint32_t i = 0; i < tasks.count; i++)
		tasks.thread[i].sp = 0;
	tasks.unstable = tasks.count;
	fill_cut(&shared->cut, scan, &tasks, here);
	shared->cut.is_shared = 1;
	shared->cut.privates = area_privates;
	shared->cut.private_count = AREA_PRIVATES;
	shared->then = then;
	scan->flags |= TRACE_SCAN_SHARED;
	state.shared_stack = (void *)stack;
	state.shared_tasks = tasks.thread;
	state.shared_tasks_size = tasks.most * sizeof *tasks.thread + LISTING;
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);
	long pid = spawn_clone((void *)(stack + SHARED_STACK), CLONE_VM, scan_shared, shared);
	sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
	return pid;
}

static long take(struct trace_scan *scan, const struct snapshot_here *here, void (*then)(void), uint64_t start)
{
	struct reach_cut cut;
	struct tasks tasks;

	if (read_tasks(&tasks, (uint32_t)sys_call3(SYS_gettid, 0, 0, 0), here))
		return -12;
	fill_cut(&cut, scan, &tasks, here);
	long pid = clone_and_scan(&cut, then);
	scan->pause_us = (state_clock_ns(CLOCK_MONOTONIC) - start) / 1000;
	free_tasks(&tasks);
	return pid;
}

/* What to do after a deferred cut. */
static void (*deferred_then)(void);

/* The trace's lock may be held by the very thread that we interrupted: then whoever lets it go
 * goes on with our work. */
static int can_lock(void (*then)(void))
{
	deferred_then = then;
	__atomic_store_n(&state.deferred, 1, __ATOMIC_SEQ_CST);
	if (!state_lock_within(&state.lock_area, 0))
		return 0;
	__atomic_store_n(&state.deferred, 0, __ATOMIC_SEQ_CST);
	state_unlock(&state.lock_area);
	return 1;
}

void snapshot_deferred(void)
{
	struct snapshot_here here = {.sp = (uintptr_t)__builtin_frame_address(0) - RED_ZONE};

	if (__atomic_exchange_n(&state.deferred, 0, __ATOMIC_SEQ_CST))
		snapshot_live(&here, deferred_then);
}

int snapshot_live(const struct snapshot_here *here, void (*then)(void))
{
	uint64_t start = state_clock_ns(CLOCK_MONOTONIC);

	snapshot_poll();
	if (state.cut || __atomic_exchange_n(&state.scanning, 1, __ATOMIC_ACQUIRE))
		return -1;
	if (!can_lock(then)) {
		__atomic_store_n(&state.scanning, 0, __ATOMIC_RELEASE);
		return 0;
	}
	for (size_t i = 0; i < sizeof state.scanners / sizeof *state.scanners; i++)
		if (state.shared_stack && state.scanners[i] && state.scanners[i] == state.shared_pid &&
		    !reap(state.shared_pid)) { /* still uses our memory */
			__atomic_store_n(&state.scanning, 0, __ATOMIC_RELEASE);
			return -1;
		}
	reap(0);
	free_shared();
	long pid = -1;
	int is_shared = 0;
	struct trace_scan *scan = begin_scan(TRACE_OCCASION_SIGNAL);
	if (scan && !scan->status) {
		scan->predicted_us = predict();
		is_shared = scan->predicted_us > settings.pause * 1000;
	}
	if (scan && !scan->status) {
		__atomic_store_n(&state.cut, scan->number, __ATOMIC_SEQ_CST);
		pid = is_shared ? take_shared(scan, here, then) : take(scan, here, then, start);
		scan->pause_us = (state_clock_ns(CLOCK_MONOTONIC) - start) / 1000;
		if (is_shared)
			state.shared_pid = sys_failed(pid) ? 0 : (uint32_t)pid;
		if (sys_failed(pid)) {
			state.cut = 0;
			scan->status = TRACE_SCAN_NO_PROCESS;
		} else {
			scan->process = (uint32_t)pid;
			remember((uint32_t)pid);
		}
	}
	__atomic_store_n(&state.scanning, 0, __ATOMIC_RELEASE);
	return pid > 0 ? 0 : -1;
}

const struct trace_scan *snapshot_wait(int ms)
{
	struct timespec nap = {0, 1000000};
	uint32_t cut = state.cut;

	if (!cut)
		return 0;
	const struct trace_scan *scan = scan_at(cut);
	for (int i = 0; i < ms && !reap(scan->process); i++)
		sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
	snapshot_poll();
	return __atomic_load_n(&scan->status, __ATOMIC_ACQUIRE) ? scan : 0;
}

/* The end has its own scan: one that is still under way would write the same verdicts. */
static void end_live(void)
{
	uint32_t cut = state.cut;

	if (!cut)
		return;
	struct trace_scan *scan = scan_at(cut);
	if (!scan->status && scan->process && !reap(scan->process)) {
		sys_call3(SYS_kill, scan->process, SIGKILL, 0);
		sys_call6(SYS_wait4, scan->process, 0, __WCLONE, 0, 0, 0);
	}
	if (!scan->status)
		scan->status = TRACE_SCAN_BROKE;
	state.cut = 0;
}

void snapshot_at_end(const struct snapshot_here *here)
{
	end_live();
	if (!state_lock_within(&state.lock_area, END_YIELDS)) /* held by the thread that a signal kills */
		return;
	state_unlock(&state.lock_area);
	struct trace_scan *scan = begin_scan(TRACE_OCCASION_END);
	struct reach_cut cut;
	struct tasks tasks;
	int status = 0;

	if (!scan || scan->status)
		return;
	if (read_tasks(&tasks, (uint32_t)sys_call3(SYS_gettid, 0, 0, 0), here)) {
		scan->status = TRACE_SCAN_NO_MEMORY;
		return;
	}
	fill_cut(&cut, scan, &tasks, here);
	__atomic_store_n(&state.cut, scan->number, __ATOMIC_SEQ_CST); /* other threads may run on */
	long pid = clone_and_scan(&cut, 0);
	if (!sys_failed(pid))
		while (sys_call6(SYS_wait4, pid, (long)&status, __WCLONE, 0, 0, 0) == -4)
			continue;
	if (!scan->status)
		scan->status = sys_failed(pid)			  ? TRACE_SCAN_NO_PROCESS
			       : (status & 127) == SIGALRM ? TRACE_SCAN_TIMEOUT
							  : TRACE_SCAN_BROKE;
	state.cut = 0;
	free_tasks(&tasks);
}

void snapshot_no_end(void)
{
	for (uint32_t i = 1; i < state.header->areas[TRACE_AREA_SCAN].used; i++)
		if (scan_at(i)->occasion == TRACE_OCCASION_END)
			__atomic_store_n(&scan_at(i)->number, 0, __ATOMIC_RELEASE);
}
