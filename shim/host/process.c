/* SPDX-License-Identifier: MIT */
/* Start, forks and ends of the traced process. The states are in process.h. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "area.h"
#include "confined.h"
#include "focus.h"
#include "guard.h"
#include "hooks.h"
#include "index.h"
#include "interpose.h"
#include "fill.h"
#include "jvm.h"
#include "note.h"
#include "loaded.h"
#include "own.h"
#include "place.h"
#include "live.h"
#include "probes.h"
#include "real.h"
#include "reporting.h"
#include "resource.h"
#include "sample.h"
#include "scanner.h"
#include "settings.h"
#include "slots.h"
#include "spawn.h"
#include "stack.h"
#include "sys.h"
#include "tasks.h"
#include "thread.h"
#include "tidy.h"
#include "version.h"
#include "valgrind.h"
#include "wishes.h"
#include "rules.h"

#define REPORT_SECONDS 60
#define KEPT_REGISTERS 5 /* that a function spills just below its frame pointer */
#define DESCRIPTORS_LEAST 16u /* for a program with a few libraries that opens a file */

struct process_signals process_signals;

/* A fork wipes this. */
struct process_part {
	uint32_t starting; /* a fork child makes its trace */
	uint32_t unlinked; /* the trace has no name any more */
};
#define process_state STATE_PART(process)
STATE_PART_FITS(process);

enum stage { NOT_YET, STARTED, STOPPED };

/* Not wiped by a fork. */
static struct {
	int stage;
	uint32_t listens;   /* signal */
	uint64_t catches;   /* signals */
	int is_checked;     /* by the program itself, for the last time */
	uint32_t image_pid; /* of the exec that brought us here */
} process;

void process_stop(const char *why, const char *detail, const char *cure)
{
	char text[SETTINGS_PATH];

	if (process.stage == STOPPED)
		return;
	process.stage = STOPPED;
	thread_upper.begin = 0;
	note_put(note_put(text, text + sizeof text, detail ? detail : ""), text + sizeof text, cure ? cure : "");
	note_say(why, text, "; the program runs on untraced");
}

static void fill_header(struct trace_header *h, uint32_t pid)
{
	h->version = TRACE_VERSION;
	h->endian = TRACE_ENDIAN;
	h->header_size = TRACE_HEADER_SIZE;
	h->start_realtime_ns = state_clock_ns(CLOCK_REALTIME);
	h->start_monotonic_ns = state_clock_ns(CLOCK_MONOTONIC_COARSE);
	state.start_us = h->start_monotonic_ns / 1000;
	h->pid = pid;
	h->ppid = (uint32_t)sys_call3(SYS_getppid, 0, 0, 0);
	h->uid = (uint32_t)sys_call3(SYS_getuid, 0, 0, 0);
	h->flags = pid == process.image_pid ? 0 : TRACE_FLAG_FORKED;
	h->level = settings.level;
	h->process_start = tidy_process_start("self");
	note_put(h->program, h->program + sizeof h->program, place_program());
	sys_call3(SYS_readlink, (long)"/proc/self/exe", (long)h->executable, sizeof h->executable - 1);
	note_put(h->shim_version, h->shim_version + sizeof h->shim_version, LEAKSHIM_VERSION);
	struct stat space;

	if (!sys_call6(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/ns/pid", (long)&space, 0, 0, 0))
		h->pid_space = space.st_ino;
	h->rates_used = 1;
	memcpy(h->magic, TRACE_MAGIC, sizeof h->magic);
}

static const char *reason(int error)
{
	switch (-error) {
	case ENOSPC:
	case EDQUOT:
	case EFAULT:
		return "no space left";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EROFS:
		return "read-only file system";
	case ENOENT:
		return "no such folder";
	case ENOMEM:
		return "no address space left";
	case EEXIST:
		return "the file exists";
	case EMFILE:
	case ENFILE:
		return "too many open files";
	case EFBIG:
		return "file size limit";
	case ENOSYS:
		return "a system call was denied (ENOSYS), by a seccomp filter most likely";
	case ENOTDIR:
		return "part of the path is no folder";
	case ELOOP:
		return "part of the path is a symbolic link";
	case ENAMETOOLONG:
		return "the path is too long";
	default: {
		static char text[32];
		char number[24];

		note_put(note_put(text, text + sizeof text, "error "), text + sizeof text, note_number(number, -(long)error));
		return text;
	}
	}
}

/* Opens a trace and makes everything ready. Returns 0 or -errno. */
static int begin(void)
{
	uint32_t pid = own_pid_of_child();

	int r = place_open(pid);
	if (r) {
		char text[SETTINGS_PATH];
		char *at = note_put(text, text + sizeof text, reason(r));

		at = note_put(at, text + sizeof text, ": ");
		note_put(at, text + sizeof text, place_path());
		process_stop("cannot create a trace: ", text, 0);
		return r;
	}
	fill_header(state.header, pid);
	state.header->request_signal = process.listens;
	state.header->caught = process.catches;
	r = index_start(real.is_glibc ? INDEX_GLIBC : 3);
	if (!r)
		r = slots_start();
	if (!r)
		r = thread_start();
	if (!r)
		r = stack_start();
	if (r) {
		index_stop();
		slots_stop();
		area_close();
		place_unlink();
		process_stop("cannot map its tables: ", reason(r), 0);
		return r;
	}
	sample_start();
	__atomic_store_n(&state.tracing, 1, __ATOMIC_RELEASE);
	return 0;
}

void process_listens(uint32_t signal)
{
	process.listens = signal;
	if (state.header)
		state.header->request_signal = signal;
}

void process_catches(uint64_t signals)
{
	process.catches = signals;
	if (state.header)
		__atomic_store_n(&state.header->caught, signals, __ATOMIC_RELEASE);
}

int process_begin(void)
{
	if (process.stage != STARTED)
		return 0;
	if (!settings.follow && process.image_pid != own_pid()) {
		process.stage = STOPPED;
		thread_upper.begin = 0;
		return 0;
	}
	if (__atomic_exchange_n(&process_state.starting, 1, __ATOMIC_ACQUIRE))
		return __atomic_load_n(&state.tracing, __ATOMIC_ACQUIRE) != 0;
	int saved = errno;
	int r = begin();
	errno = saved;
	return !r;
}

/* Somebody whose malloc comes before ours takes all calls: say so rather than report nothing. */
static int is_bypassed(void)
{
	void *first = loaded_first("malloc");
	const char *path;

	if (!first || first == (void *)entry_malloc)
		return 0;
	path = loaded_path(first);
	process.stage = STOPPED;
	note_unguarded("calls of malloc go to ", path && path[0] ? path : path ? "the program" : "another library",
		       ", which comes before libleakshim.so (put it first in LD_PRELOAD, or the program defines its own); the "
		       "program runs on untraced");
	return 1;
}


static int ours(void)
{
	return state.tracing && state.header && state.header->pid == own_pid();
}

/* The program takes system calls away from itself. This is the last moment for what has to be done before. */
static void tighten(const struct guard_future *next)
{
	if (!ours())
		return;
	if (!confined_lets(next, CONFINED_MEMORY))
		area_spare();
	if (process_signals.withdraw && !confined_lets(next, CONFINED_HANDLERS))
		process_signals.withdraw();
	reporting_before(next);
}

static void loosen(void)
{
	if (ours() && process_signals.take_again)
		process_signals.take_again();
}

/* The report that was asked for comes from the scanning process, unless that was refused. */
static void looked(int refused)
{
	if (!refused) {
		if (!__atomic_load_n(&state.deferred, __ATOMIC_SEQ_CST))
			reporting_by(snapshot_state.attendant);
		return;
	}
	scanner_reap(0);
	if (live_state.cut)
		reporting_later();
	else
		reporting_living();
}

static void look_deferred(void)
{
	int r = snapshot_deferred();

	if (r <= 0 && reporting_is_due())
		looked(r);
}

static void verify_signals(void)
{
	if (process_signals.verify)
		process_signals.verify();
}

/* A thread comes. A language's runtime that takes signals past libc has threads of its own. */
static void attach(struct thread *t)
{
	live_attach(t);
	verify_signals();
}

/* Somebody asked for a scan without a signal, and the calling thread is the next one that allocated. */
static __attribute__((noinline)) void grant(void)
{
	struct snapshot_here here = {.sp = (uintptr_t)__builtin_frame_address(0) - 8 * KEPT_REGISTERS};
	uint32_t wished = __atomic_load_n(&state.header->wished, __ATOMIC_ACQUIRE), granted = state.header->granted;
	int saved = errno;

	__builtin_unwind_init();
	if (ours() && wished != granted &&
	    __atomic_compare_exchange_n(&state.header->granted, &granted, wished, 0, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
		verify_signals();
		process_snapshot(&here, 0);
	}
	errno = saved;
}

/* What the floors below call without knowing who is above them. */
static void register_uppers(void)
{
	area_deferred = look_deferred;
	spawn_held = &snapshot_state.leaving;
	spawn_made = scanner_remember;
	live_cut_over = snapshot_poll;
	thread_upper.attach = attach;
	thread_upper.grant = grant;
	thread_upper.detach = live_detach;
	thread_upper.can_sample = sample_filter;
	thread_upper.begin = process_begin;
	thread_upper.mark_identities = resource_mark_threads;
	hooks_interposed = interpose_function;
	jvm_upper.report = reporting_living;
	guard_tightens = tighten;
	guard_loosens = loosen;
}

void process_start(int argc, char **argv, char **envp, enum guard_start begun)
{
	if (process.stage != NOT_YET)
		return;
	if (getauxval(AT_SECURE)) {
		process.stage = STOPPED;
		return;
	}
	if (is_bypassed())
		return;
	if (begun == GUARD_UNKNOWN) {
		process.stage = STOPPED;
		note_unguarded("it was started under a filter of system calls of which nobody can know what it kills for; the program "
			       "runs on untraced (leakshim run under the same filter can find out)", 0, 0);
		return;
	}
	note_start();
	state_clock_find();
	settings_read(envp);
	own_start();
	process.image_pid = own_pid();
	place_start(argc > 0 && argv[0] && argv[0][0] ? argv[0] : "program", process.image_pid);
	if (valgrind_runs()) {
		process_stop("Valgrind runs this program, with a malloc of its own and without processes of ours; ask Valgrind "
			     "(--leak-check=full)", 0, 0);
		return;
	}
	long wipe = sys_call3(SYS_madvise, (long)&state_page, sizeof state_page, MADV_WIPEONFORK);
	if (sys_failed(wipe) || guard_wipe()) {
		if (wipe == -EINVAL)
			process_stop("this kernel has no MADV_WIPEONFORK", 0, 0);
		else
			process_stop("MADV_WIPEONFORK: ", reason((int)wipe), 0);
		return;
	}
	if (!real_ready() || !real.malloc || !real.free || !real.realloc) {
		process_stop("no malloc found behind ours", 0, 0);
		return;
	}
	if (settings.fill)
		fill_start();
	register_uppers();
	snapshot_start((uintptr_t)argv);
	focus_start();
	reporting_find();
	process.stage = STARTED;
	if (process_begin()) {
		place_tidy();
		probes_start(settings.probes);
		jvm_start(settings.probes);
	}
}

/* What the program starts has an empty table, and its limit is lifted as far as may be (spawn.c). */
static int is_room_elsewhere(void)
{
	struct rlimit limit;

	return !sys_call6(SYS_prlimit64, 0, RLIMIT_NOFILE, 0, (long)&limit, 0, 0) && limit.rlim_max >= DESCRIPTORS_LEAST;
}

/* The report would not find the trace. */
static void say_unreadable(int error)
{
	if (error == -EACCES || error == -EPERM)
		note_say("the program has given up the right to read its own trace; as the user that it was started by: "
			 "leakshim report ", place_path(), 0);
	else if (error == -ENOENT || error == -ENOTDIR)
		note_say("the trace does not lie at its place any more as the program sees it (another root, or it was removed); where it was "
			 "started: leakshim report ", place_path(), 0);
	else if (error == -EMFILE)
		note_say("the program may not open another file (RLIMIT_NOFILE), nor may what it starts, so no report comes by itself; "
			 "next: leakshim report ", place_path(), 0);
	else
		note_say(reason(error), ": the program cannot open its own trace; next: leakshim report ", place_path());
}

void process_finish(enum trace_end end, int detail, int report, const struct snapshot_here *here)
{
	if (!ours())
		return;
	struct trace_header *h = state.header;

	h->end_detail = detail;
	h->end_time = state_now();
	__atomic_store_n(&h->end, end, __ATOMIC_RELEASE);
	if (end == TRACE_END_EXIT || end == TRACE_END_QUICK_EXIT || end == TRACE_END_FAST_EXIT)
		wishes_ask(); /* in a signal handler nothing of the program is called */
	if (jvm_is_there())
		jvm_at_end();
	else if (!process.is_checked)
		snapshot_at_end(here);
	if (process_state.unlinked) {
		place_write_out();
		process_state.unlinked = 0;
	} else {
		area_trim(place_path());
	}
	if (!report || process.is_checked || wishes_no_report() || !(settings.report_exit || reporting_is_owed()))
		return;
	int r = reporting_possible() ? place_readable() : 0;
	if (r == -EMFILE && is_room_elsewhere())
		r = 0;
	if (r && !place_copy()) {
		say_unreadable(r);
		return;
	}
	reporting_last(!jvm_is_there());
	long pid = reporting_start("exit");
	/* services on a virtual machine are restarted by somebody who waits; as process 1 nothing outlives us */
	int is_waited = pid > 0 && (!jvm_is_there() || state.header->pid == 1);
	if (pid <= 0 || (is_waited && spawn_wait(pid, REPORT_SECONDS) == SPAWN_KILLED))
		reporting_say_where();
}

void process_exec(const struct snapshot_here *here)
{
	if (!ours())
		return;
	state.header->end_time = state_now();
	__atomic_store_n(&state.header->end, TRACE_END_EXEC, __ATOMIC_RELEASE);
	if (state.header->flags & TRACE_FLAG_FORKED) {
		/* what a child holds between fork and exec goes with the exec: nothing to report */
		place_unlink();
		process_state.unlinked = 1;
		return;
	}
	snapshot_at_end(here);
	if (!settings.keep_always && snapshot_is_clean()) {
		place_unlink();
		process_state.unlinked = 1;
	}
}

void process_exec_failed(void)
{
	if (!ours())
		return;
	__atomic_store_n(&state.header->end, TRACE_END_NONE, __ATOMIC_RELEASE);
	snapshot_no_end();
}

void process_checked(void)
{
	process.is_checked = 1;
}

int process_check(const struct snapshot_here *here, int ms)
{
	if (!ours())
		return 0;
	wishes_ask();
	if (wishes_no_report() ||
	    snapshot_live(here, reporting_possible() ? reporting_attend_check : 0, 1))
		return 0;
	const struct trace_scan *scan = snapshot_wait(ms);
	return scan && scan->status == TRACE_SCAN_DONE &&
	       scan->blocks[TRACE_VERDICT_DEFINITE] + scan->blocks[TRACE_VERDICT_POSSIBLE] != 0;
}

void process_snapshot(const struct snapshot_here *here, int report)
{
	if (!ours())
		return;
	if (report && settings.report_signal && !reporting_possible())
		reporting_say_where();
	int can_report = report && settings.report_signal && reporting_possible();

	if ((can_report && reporting_joins()) || state.header->end) /* the end's scan is the last one; its report answers (reporting_is_owed) */
		return;
	if (jvm_is_there() && jvm_request(can_report))
		return;
	int r = snapshot_live(here, can_report ? reporting_attend : 0, !report);
	if (can_report)
		looked(r);
}
