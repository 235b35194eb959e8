/* SPDX-License-Identifier: MIT */
/* Taking the cut. Laws in snapshot.h. */
#include "snapshot.h"

#include <fcntl.h>
#include <link.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

#include "area.h"
#include "guard.h"
#include "lazy.h"
#include "musl.h"
#include "note.h"
#include "own.h"
#include "own_heap.h"
#include "pace.h"
#include "own_stack.h"
#include "real.h"
#include "resource.h"
#include "scanner.h"
#include "served.h"
#include "settings.h"
#include "state.h"
#include "stopping.h"
#include "streams.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define RED_ZONE 128
#define SOON 100000u  /* blocks */
#define END_YIELDS 10000
#define TOUCHES_MOST 2000000000u /* nanoseconds */
#define SHARED_STACK (256l * 1024)

/* Not wiped by a fork. */
static struct {
	uintptr_t main_tcb, tls_span, arguments;
	int is_musl;
	uint32_t main_pid;  /* the process that main_tcb was found in */
	uint32_t regions_lock, region_count;
	struct reach_region regions[REACH_REGIONS];
} facts;

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

void snapshot_start(uintptr_t arguments)
{
	uintptr_t tcb = (uintptr_t)pthread_self();

	facts.arguments = arguments;
	facts.main_tcb = tcb;
	facts.main_pid = own_pid();
	dl_iterate_phdr(tls_extent, &tcb);
	facts.is_musl = own_is_musl();
	reach_streams_start();
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

/* In a fork child blocks of before the fork are alive, but not known; samples and drops leave out more. */
static int is_live_set_whole(void)
{
	return !(state.header->flags & TRACE_FLAG_FORKED) && live_is_recorded();
}

/* Is anything followed and alive, as far as is soon said? */
static int has_live(void)
{
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_BLOCK].used;

	if (used > SOON)
		return 1;
	for (uint32_t i = 1; i < used; i++)
		if (__atomic_load_n(&state_block(i)->where, __ATOMIC_RELAXED))
			return 1;
	return resource_has_live();
}

AREA_ELEMENT(scan_at, trace_scan, SCAN)

static int is_program_going_on(enum trace_occasion occasion)
{
	return occasion != TRACE_OCCASION_END || state.header->end == TRACE_END_EXEC;
}

/* What a scan cannot do without. The rest it does without where it must. */
static const struct guard_call scan_calls[] = {
	{SYS_clone, {0}},
	{SYS_clone, {CLONE_FILES}},
	{SYS_clone, {CLONE_VM | CLONE_FILES}},
	{SYS_openat, {AT_FDCWD, 0, O_RDONLY | O_CLOEXEC}},
	{SYS_read, {3, 0, 4096}},
	{SYS_close, {3}},
	{SYS_close_range, {~0u, ~0u, 0}},
	{SYS_close_range, {0, ~0u, CLOSE_RANGE_UNSHARE}},
	{SYS_close_range, {3, ~0u, CLOSE_RANGE_UNSHARE}},
	{SYS_fcntl, {3, F_GETPIPE_SZ}},
	{SYS_ioctl, {3, FIONREAD}},
	{SYS_pipe2, {0, O_CLOEXEC | O_NONBLOCK}},
	{SYS_tee, {3, 4}},
	{SYS_prctl, {PR_GET_DUMPABLE}},
	{SYS_sched_yield, {0}},
	{SYS_mmap, {0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0}},
	{SYS_munmap, {0, 4096}},
	{SYS_madvise, {0, 4096, MADV_DOFORK}},
	{SYS_madvise, {0, 4096, MADV_DONTFORK}},
	{SYS_getdents64, {3, 0, 4096}},
	{SYS_stat, {0}},
	{SYS_rt_sigprocmask, {SIG_SETMASK, 0, 0, 8}},
	{SYS_rt_sigaction, {SIGSEGV, 0, 0, 8}},
	{SYS_setitimer, {0}},
	{SYS_wait4, {1, 0, __WCLONE}},
	{SYS_exit_group, {0}},
};

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
	if (!guard_lets(scan_calls, sizeof scan_calls / sizeof *scan_calls, 0) || !lazy_is_let())
		scan->status = TRACE_SCAN_CONFINED;
	else if (!settings.roots)
		scan->status = TRACE_SCAN_SWITCHED_OFF;
	else if (!has_live()) /* nothing to judge: no copy of a heap for that */
		scan->status = TRACE_SCAN_DONE;
	else if (is_program_going_on(occasion) && tasks_is_next_apart())
		scan->status = TRACE_SCAN_NAMESPACE;
	else if (occasion == TRACE_OCCASION_END && reach_served_hears_forks())
		scan->status = TRACE_SCAN_HEARD;
	else if (area_reserve(TRACE_AREA_VERDICT, state.header->areas[TRACE_AREA_BLOCK].used) ||
		 (state.header->areas[TRACE_AREA_UNREAD].used <= TRACE_UNREAD_KEPT &&
		  !area_take(TRACE_AREA_UNREAD, TRACE_UNREAD_KEPT)))
		scan->status = TRACE_SCAN_NO_SPACE;
	__atomic_store_n(&scan->number, i, __ATOMIC_RELEASE);
	return scan;
}

static void fill_cut(struct reach_cut *cut, struct trace_scan *scan, const struct tasks *tasks,
		     const struct snapshot_here *here)
{
	uint32_t pid = state.header->pid;
	char text[512]; /* it comes within the first ten lines */
	const char *at = tasks_status(text, sizeof text, "FDSize:");

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
		.main_over = here->main_over || tasks->leader_gone,
		.arguments = facts.arguments,
		.whole_heap = !is_live_set_whole(),
		.is_whole = is_live_set_whole() && live_is_whole(),
		.glibc = real.is_glibc ? (uintptr_t)real.place : 0,
		.tagged = settings.tagged,
		/* the thread that forked is the first one of the child */
		.main_tcb = facts.main_pid == pid ? facts.main_tcb : 0,
		.leader_gone = tasks->leader_gone,
		.tls_span = facts.tls_span,
		.tid_offset = own_tid_offset(),
		.is_musl = facts.is_musl,
		.regions = facts.regions,
		.region_count = facts.region_count,
		.own_heap = own_heap_parts,
		.own_heap_count = own_heap_count,
		.threads = tasks->thread,
		.thread_count = tasks->count,
		.privates = area_privates,
		.private_count = AREA_PRIVATES,
		.early = (uintptr_t)real_early_arena,
		.early_size = REAL_EARLY_SIZE,
		.descriptors = at ? (uint32_t)tasks_number(&at, 10) : 1024,
		.queued = (struct reach_queued *)((char *)tasks->thread + tasks->size - tasks_queued(tasks->most)),
		.queued_most = (uint32_t)(tasks_queued(tasks->most) / sizeof(struct reach_queued)),
		.own = {{(uintptr_t)tasks->thread, tasks->size}, {0, 0}, own_stack_here()},
	};
	scan->flags = (cut->whole_heap ? TRACE_SCAN_WHOLE_HEAP : 0) | (here->main_over ? TRACE_SCAN_MAIN_OVER : 0);
	scan->threads = tasks->count;
	scan->unstable = tasks->unstable;
}

void snapshot_poll(void)
{
	uint32_t cut = __atomic_load_n(&live_state.cut, __ATOMIC_ACQUIRE);

	if (!cut || snapshot_state.scanning)
		return;
	struct trace_scan *scan = scan_at(cut);
	if (scan->occasion == TRACE_OCCASION_END)
		return;
	if (!__atomic_load_n(&scan->status, __ATOMIC_ACQUIRE)) {
		if (!scanner_reap(scan->process))
			return;
		if (!scan->status)
			scan->status = TRACE_SCAN_BROKE;
	} else if (scan->process) {
		scanner_reap(scan->process); /* who lists the program's children is not to find its remains */
	}
	__atomic_compare_exchange_n(&live_state.cut, &cut, 0, 0, __ATOMIC_RELEASE, __ATOMIC_RELAXED);
}

_Static_assert(sizeof(struct scanner_shared) <= TASKS_LISTING, "it takes the place of the directory listing");

static void free_shared(void)
{
	if (snapshot_state.shared_stack)
		sys_call3(SYS_munmap, (long)snapshot_state.shared_stack, SHARED_STACK, 0);
	if (snapshot_state.shared_tasks)
		sys_call3(SYS_munmap, (long)snapshot_state.shared_tasks, (long)snapshot_state.shared_tasks_size, 0);
	snapshot_state.shared_stack = snapshot_state.shared_tasks = 0;
}

/* No copy: the scan shares our memory, and looks several times. Everything moves on meanwhile, so
 * no stack pointer stays true. */
static long take_shared(struct trace_scan *scan, const struct snapshot_here *here, void (*then)(void), int is_waited, int has_image)
{
	struct tasks tasks;
	long stack = sys_call6(SYS_mmap, 0, SHARED_STACK, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (sys_failed(stack))
		return stack;
	enum trace_scan_status listed = tasks_read(&tasks, own_tid(), here);
	if (listed != TRACE_SCAN_DONE) {
		sys_call3(SYS_munmap, stack, SHARED_STACK, 0);
		scan->status = listed;
		return -1;
	}
	struct scanner_shared *shared = (struct scanner_shared *)(tasks.thread + tasks.most);
	for (uint32_t i = 0; i < tasks.count; i++)
		tasks.thread[i].sp = 0;
	tasks.unstable = tasks.count;
	fill_cut(&shared->cut, scan, &tasks, here);
	shared->cut.is_shared = 1;
	shared->cut.is_waited = is_waited;
	shared->cut.image_stack = has_image ? (uintptr_t)stack + SHARED_STACK / 2 : 0; /* the scanning process stands above */
	shared->then = then;
	scan->flags |= TRACE_SCAN_SHARED;
	snapshot_state.shared_stack = (void *)stack;
	snapshot_state.shared_tasks = tasks.thread;
	snapshot_state.shared_tasks_size = tasks.size;
	return scanner_share(shared, (unsigned char *)stack, SHARED_STACK);
}

static long take(struct trace_scan *scan, const struct snapshot_here *here, void (*then)(void), int is_waited)
{
	struct reach_cut cut;
	struct tasks tasks;

	enum trace_scan_status listed = tasks_read(&tasks, own_tid(), here);

	if (listed != TRACE_SCAN_DONE) {
		scan->status = listed;
		return -1;
	}
	fill_cut(&cut, scan, &tasks, here);
	cut.is_waited = is_waited;
	uint64_t before = state_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	long pid = scanner_copy(&cut, then);
	pace_copied((state_clock_ns(CLOCK_THREAD_CPUTIME_ID) - before) / 1000);
	tasks_free(&tasks);
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

int snapshot_deferred(void)
{
	struct snapshot_here here = {.sp = (uintptr_t)__builtin_frame_address(0) - RED_ZONE};

	return __atomic_exchange_n(&state.deferred, 0, __ATOMIC_SEQ_CST) ? snapshot_live(&here, deferred_then, 1) : 1;
}

/* What own_stack_run carries. */
struct errand {
	const struct snapshot_here *here;
	void (*then)(void);
	int is_waited, result;
};

static int look(const struct snapshot_here *here, void (*then)(void), int is_waited)
{
	uint64_t start = state_clock_ns(CLOCK_MONOTONIC), start_cpu = state_clock_ns(CLOCK_THREAD_CPUTIME_ID);

	snapshot_poll();
	if (live_state.cut || __atomic_exchange_n(&snapshot_state.scanning, 1, __ATOMIC_ACQUIRE))
		return -1;
	if (!can_lock(then)) {
		__atomic_store_n(&snapshot_state.scanning, 0, __ATOMIC_RELEASE);
		return 0;
	}
	for (size_t i = 0; i < sizeof scanner_state.pids / sizeof *scanner_state.pids; i++)
		if (snapshot_state.shared_stack && scanner_state.pids[i] && scanner_state.pids[i] == snapshot_state.shared_pid &&
		    !scanner_reap(snapshot_state.shared_pid)) { /* still uses our memory */
			__atomic_store_n(&snapshot_state.scanning, 0, __ATOMIC_RELEASE);
			return -1;
		}
	scanner_reap(0);
	free_shared();
	long pid = -1;
	enum pace pace = PACE_COPY;
	struct trace_scan *scan = begin_scan(TRACE_OCCASION_SIGNAL);
	if (scan && !scan->status)
		pace = pace_of(scan);
	if (scan && !scan->status && pace == PACE_COPY && reach_served_hears_forks())
		pace = PACE_SHARE;
	if (scan && !scan->status) {
		__atomic_store_n(&live_state.cut, scan->number, __ATOMIC_SEQ_CST);
		pid = pace == PACE_COPY ? take(scan, here, then, is_waited)
					: take_shared(scan, here, then, is_waited, pace == PACE_IMAGE);
		scan->pause_cpu_us = (state_clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_cpu) / 1000;
		scan->pause_us = (state_clock_ns(CLOCK_MONOTONIC) - start) / 1000;
		if (pace != PACE_COPY)
			snapshot_state.shared_pid = sys_failed(pid) ? 0 : (uint32_t)pid;
		if (sys_failed(pid)) {
			live_state.cut = 0;
			scan->status = scan->status ? scan->status : TRACE_SCAN_NO_PROCESS;
		} else {
			scan->process = (uint32_t)pid;
			snapshot_state.attendant = then ? (uint32_t)pid : snapshot_state.attendant;
			scanner_remember((uint32_t)pid);
		}
	}
	__atomic_store_n(&snapshot_state.scanning, 0, __ATOMIC_RELEASE);
	return pid > 0 ? 0 : -1;
}

/* No handler of the program comes in between: it would be called on our stack, and may want a lock that we hold. */
static void run(void (*work)(void *), struct errand *e)
{
	uint64_t all = ~0ull, before = 0;
	long r = sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&all, (long)&before, 8, 0, 0);

	own_stack_run(work, e);
	if (!sys_failed(r))
		sys_call6(SYS_rt_sigprocmask, SIG_SETMASK, (long)&before, 0, 8, 0, 0);
}

static void run_look(void *data)
{
	struct errand *e = data;

	e->result = look(e->here, e->then, e->is_waited);
}

int snapshot_live(const struct snapshot_here *here, void (*then)(void), int is_waited)
{
	struct errand e = {here, then, is_waited, 0};

	run(run_look, &e);
	return e.result;
}

void snapshot_wait_for_files(void)
{
	uint32_t cut = __atomic_load_n(&live_state.cut, __ATOMIC_SEQ_CST);
	uint32_t *touches = cut && state.header ? &scan_at(cut)->touches : 0;
	uint64_t start = 0;

	while (__atomic_load_n(&snapshot_state.leaving, __ATOMIC_SEQ_CST) || (touches && __atomic_load_n(touches, __ATOMIC_SEQ_CST))) {
		uint64_t now = state_clock_ns(CLOCK_MONOTONIC);

		start = start ? start : now;
		if (now - start > TOUCHES_MOST) { /* it died meanwhile, or waits for us */
			snapshot_state.leaving = 0;
			if (touches)
				*touches = 0;
			return;
		}
		sys_call3(SYS_sched_yield, 0, 0, 0);
	}
}

const struct trace_scan *snapshot_wait(int ms)
{
	struct timespec nap = {0, 1000000};
	uint32_t cut = live_state.cut;

	if (!cut)
		return 0;
	const struct trace_scan *scan = scan_at(cut);
	uint64_t end = state_clock_ns(CLOCK_MONOTONIC) + (uint64_t)ms * 1000000;
	while (!scanner_reap(scan->process) && state_clock_ns(CLOCK_MONOTONIC) < end)
		sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
	snapshot_poll();
	return __atomic_load_n(&scan->status, __ATOMIC_ACQUIRE) ? scan : 0;
}

/* The end has its own scan: one that is still under way would write the same verdicts. */
static void end_live(void)
{
	uint32_t cut = live_state.cut;

	if (!cut)
		return;
	struct trace_scan *scan = scan_at(cut);
	if (!scan->status && scan->process && !scanner_reap(scan->process)) {
		__atomic_store_n(&scan->status, TRACE_SCAN_BROKE, __ATOMIC_SEQ_CST); /* it starts nothing any more */
		scanner_end_image(scan);
		sys_call3(SYS_kill, scan->process, SIGKILL, 0);
		sys_call6(SYS_wait4, scan->process, 0, __WCLONE, 0, 0, 0);
	}
	if (!scan->status)
		scan->status = TRACE_SCAN_BROKE;
	live_state.cut = 0;
}

static void look_at_end(const struct snapshot_here *here)
{
	end_live();
	if (!state_lock_within(&state.lock_area, END_YIELDS)) /* held by the thread that a signal kills */
		return;
	state_unlock(&state.lock_area);
	struct trace_scan *scan = begin_scan(TRACE_OCCASION_END);
	struct reach_cut cut;
	static struct tasks tasks; /* a thread may look into it later than we are here */
	uint32_t self = own_tid();
	int status = 0, are_stopped = 0;

	if (!scan || scan->status)
		return;
	enum trace_scan_status listed = tasks_read(&tasks, self, here);
	if (listed != TRACE_SCAN_DONE) {
		scan->status = listed;
		return;
	}
	if (!is_program_going_on(TRACE_OCCASION_END))
		are_stopped = stopping_begin(&tasks, self, state.header->request_signal);
	fill_cut(&cut, scan, &tasks, here);
	__atomic_store_n(&live_state.cut, scan->number, __ATOMIC_SEQ_CST); /* other threads may run on */
	long pid = scanner_copy(&cut, 0);
	if (!sys_failed(pid))
		while (sys_call6(SYS_wait4, pid, (long)&status, __WCLONE, 0, 0, 0) == -4)
			continue;
	stopping_end(); /* not before: spinning threads would take the scan's time */
	if (!scan->status)
		scan->status = sys_failed(pid)			  ? TRACE_SCAN_NO_PROCESS
			       : (status & 127) == SIGALRM ? TRACE_SCAN_TIMEOUT
							  : TRACE_SCAN_BROKE;
	live_state.cut = 0;
	if (!are_stopped)
		tasks_free(&tasks);
}

static void run_look_at_end(void *data)
{
	look_at_end(((struct errand *)data)->here);
}

void snapshot_at_end(const struct snapshot_here *here)
{
	struct errand e = {.here = here};

	run(run_look_at_end, &e);
}

void snapshot_no_end(void)
{
	for (uint32_t i = 1; i < state.header->areas[TRACE_AREA_SCAN].used; i++)
		if (scan_at(i)->occasion == TRACE_OCCASION_END)
			__atomic_store_n(&scan_at(i)->number, 0, __ATOMIC_RELEASE);
}

int snapshot_is_clean(void)
{
	const struct trace_area_head *areas = state.header->areas;
	uint32_t last = (uint32_t)areas[TRACE_AREA_SCAN].used;

	if (last < 2 || areas[TRACE_AREA_FINDING].used > 1 || areas[TRACE_AREA_MISMATCH].used > 1)
		return 0;
	for (int i = 0; i < TRACE_DROPS; i++)
		if (state.header->drops[i])
			return 0;
	const struct trace_scan *scan = scan_at(last - 1);

	return scan->status == TRACE_SCAN_DONE && !scan->blocks[TRACE_VERDICT_DEFINITE] &&
	       !scan->blocks[TRACE_VERDICT_POSSIBLE] && !scan->blocks[TRACE_VERDICT_INDIRECT];
}
