/* SPDX-License-Identifier: MIT */
/* Start, forks and ends of the traced process. The states are in process.h. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "area.h"
#include "confined.h"
#include "guard.h"
#include "hooks.h"
#include "index.h"
#include "interpose.h"
#include "fill.h"
#include "jvm.h"
#include "note.h"
#include "loaded.h"
#include "own.h"
#include "live.h"
#include "probes.h"
#include "real.h"
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
	uint32_t image_pid; /* of the exec that brought us here */
	uint32_t listens;   /* signal */
	int is_told;        /* where the trace is */
	int is_checked;     /* by the program itself, for the last time */
	char program[256];
	char path[2 * SETTINGS_PATH]; /* of this process's trace */
} process;

static char *put(char *to, const char *end, const char *text)
{
	while (*text && to < end - 1)
		*to++ = *text++;
	*to = 0;
	return to;
}

void process_stop(const char *why, const char *detail, const char *cure)
{
	char text[SETTINGS_PATH];

	if (process.stage == STOPPED)
		return;
	process.stage = STOPPED;
	put(put(text, text + sizeof text, detail ? detail : ""), text + sizeof text, cure ? cure : "");
	note_say(why, text, "; the program runs on untraced");
}

/* A folder of our own that nobody else can write to. */
static int private_folder(const char *dir)
{
	struct stat status;
	long r = sys_call3(SYS_mkdir, (long)dir, 0700, 0);

	if (sys_failed(r) && r != -EEXIST)
		return (int)r;
	r = sys_call6(SYS_newfstatat, AT_FDCWD, (long)dir, (long)&status, AT_SYMLINK_NOFOLLOW, 0, 0);
	if (sys_failed(r))
		return (int)r;
	if (!S_ISDIR(status.st_mode) || status.st_uid != (uid_t)sys_call3(SYS_geteuid, 0, 0, 0) ||
	    status.st_mode & 022)
		return -EPERM;
	return 0;
}

static char *put_working_folder(char *to, const char *end)
{
	long n = sys_call3(SYS_getcwd, (long)to, end - to, 0);

	if (sys_failed(n) || to[0] != '/')
		return to;
	to += n - 1;
	return to[-1] == '/' ? to : put(to, end, "/");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* DIR/PROGRAM.PID[.N].trace */
static void name_in(const char *dir, uint32_t pid, int n)
{
	const char *end = process.path + sizeof process.path;
	char number[24];
	char *at = put(process.path, end, "");

	if (dir[0] != '/')
		at = put_working_folder(at, end);
	at = put(at, end, dir);
	at = put(at, end, "/");
	for (const char *c = base_name(process.program); *c && at < end - 40; c++)
		*at++ = *c > ' ' && *c <= '~' ? *c : '_';
	at = put(at, end, ".");
	at = put(at, end, note_number(number, (long)pid));
	if (n > 1) {
		at = put(at, end, ".");
		at = put(at, end, note_number(number, n));
	}
	put(at, end, ".trace");
}

/* Opens the first that does not exist yet. */
static int open_in(const char *dir, uint32_t pid)
{
	int r = -EEXIST;

	for (int n = 1; n < 100 && r == -EEXIST; n++) {
		name_in(dir, pid, n);
		r = area_open(process.path);
	}
	return r;
}

static int open_named(uint32_t pid)
{
	const char *end = process.path + sizeof process.path;
	char number[24];
	char *at = process.path;

	if (settings.trace[0] != '/')
		at = put_working_folder(at, end);
	at = put(at, end, settings.trace);
	int r = pid == process.image_pid ? area_open(process.path) : -EEXIST;
	if (r == -EEXIST) { /* taken by the parent of a fork, or by what ran before an exec */
		at = put(at, end, ".");
		put(at, end, note_number(number, (long)pid));
		r = area_open(process.path);
	}
	return r;
}

/* Calls `use` with the usual folders that can be used, until it returns 0. Returns 0, or what the first one said. */
static int in_usual_folder(int (*use)(const char *dir, uint32_t pid), uint32_t pid)
{
	const char *parents[] = {settings.temporary, "/dev/shm", "/var/tmp"};
	char dir[SETTINGS_PATH + 32], number[24];
	int r = -ENOENT;

	for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
		char *at = put(dir, dir + sizeof dir, parents[i]);

		at = put(at, dir + sizeof dir, "/leakshim-");
		put(at, dir + sizeof dir, note_number(number, sys_call3(SYS_geteuid, 0, 0, 0)));
		int one = private_folder(dir);
		if (!one)
			one = use(dir, pid);
		if (!one)
			return 0;
		if (!i)
			r = one;
	}
	return r;
}

/* Only the name that a trace there would have. */
static int name_first(const char *dir, uint32_t pid)
{
	name_in(dir, pid, 1);
	return 0;
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
	put(h->program, h->program + sizeof h->program, process.program);
	sys_call3(SYS_readlink, (long)"/proc/self/exe", (long)h->executable, sizeof h->executable - 1);
	put(h->shim_version, h->shim_version + sizeof h->shim_version, LEAKSHIM_VERSION);
	struct stat space;

	if (!sys_call6(SYS_newfstatat, AT_FDCWD, (long)"/proc/self/ns/pid", (long)&space, 0, 0, 0))
		h->pid_space = space.st_ino;
	h->rates_used = 1;
	memcpy(h->magic, TRACE_MAGIC, sizeof h->magic);
}

static int open_trace(uint32_t pid)
{
	if (settings.trace[0])
		return open_named(pid);
	if (settings.dir[0])
		return open_in(settings.dir, pid);
	return in_usual_folder(open_in, pid);
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

		put(put(text, text + sizeof text, "error "), text + sizeof text, note_number(number, -(long)error));
		return text;
	}
	}
}

/* Before other programs add to it: what lies there for ever. */
static void tidy_folder(void)
{
	char folder[sizeof process.path];
	size_t length = (size_t)(base_name(process.path) - process.path);

	if (settings.trace[0] || length < 2)
		return;
	memcpy(folder, process.path, length - 1);
	folder[length - 1] = 0;
	tidy(folder, state.header);
}

/* Opens a trace and makes everything ready. Returns 0 or -errno. */
static int begin(void)
{
	uint32_t pid = own_pid_of_child();

	memset(process.path, 0, sizeof process.path);
	int r = open_trace(pid);
	if (r) {
		char text[SETTINGS_PATH];
		char *at = put(text, text + sizeof text, reason(r));

		at = put(at, text + sizeof text, ": ");
		put(at, text + sizeof text, process.path);
		process_stop("cannot create a trace: ", text, 0);
		return r;
	}
	fill_header(state.header, pid);
	state.header->request_signal = process.listens;
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
		sys_call3(SYS_unlink, (long)process.path, 0, 0);
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

int process_begin(void)
{
	if (process.stage != STARTED)
		return 0;
	if (!settings.follow && process.image_pid != own_pid()) {
		process.stage = STOPPED;
		return 0;
	}
	if (__atomic_exchange_n(&process_state.starting, 1, __ATOMIC_ACQUIRE))
		return __atomic_load_n(&state.tracing, __ATOMIC_ACQUIRE) != 0;
	int saved = errno;
	int r = begin();
	errno = saved;
	return !r;
}

/* The analyzer that belongs to this library: beside it in a build tree or an installation. */
static void find_analyzer(void)
{
	static const char *const places[] = {"/../analyzer/leakshim", "/../../bin/leakshim", "/../bin/leakshim"};
	const char *own;
	char path[SETTINGS_PATH], file[SETTINGS_PATH];

	if (settings.analyzer[0])
		return;
	own = loaded_path((void *)process_start);
	if (own && own[0] != '/' && loaded_file((void *)process_start, file, sizeof file))
		own = file;
	if (own && own[0] == '/') {
		size_t folder = (size_t)(base_name(own) - own);

		for (size_t i = 0; folder && i < sizeof places / sizeof *places; i++) {
			char *at = put(path, path + sizeof path, own);

			if (folder > (size_t)(at - path))
				break;
			put(path + folder - 1, path + sizeof path, places[i]);
			if (!sys_call3(SYS_access, (long)path, X_OK, 0)) {
				put(settings.analyzer, settings.analyzer + sizeof settings.analyzer, path);
				return;
			}
		}
	}
	if (!sys_call3(SYS_access, (long)(LEAKSHIM_BINDIR "/leakshim"), X_OK, 0))
		put(settings.analyzer, settings.analyzer + sizeof settings.analyzer,
		    LEAKSHIM_BINDIR "/leakshim");
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

static void report_living(void);

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
	if (settings.report_exit && !process.is_told && !confined_lets(next, CONFINED_REPORT)) {
		process.is_told = 1;
		note_say("the program takes system calls away from itself, so no report comes by itself at its end; then: "
			 "leakshim report ", process.path, 0);
	}
}

static void loosen(void)
{
	if (ours() && process_signals.take_again)
		process_signals.take_again();
}

/* What the floors below call without knowing who is above them. */
static void register_uppers(void)
{
	area_deferred = snapshot_deferred;
	spawn_held = &snapshot_state.leaving;
	live_cut_over = snapshot_poll;
	thread_upper.attach = live_attach;
	thread_upper.detach = live_detach;
	thread_upper.can_sample = sample_filter;
	thread_upper.begin = process_begin;
	thread_upper.mark_identities = resource_mark_threads;
	hooks_interposed = interpose_function;
	jvm_upper.report = report_living;
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
	put(process.program, process.program + sizeof process.program,
	    argc > 0 && argv[0] && argv[0][0] ? argv[0] : "program");
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
	snapshot_start();
	find_analyzer();
	process.stage = STARTED;
	if (process_begin()) {
		tidy_folder();
		probes_start(settings.probes);
		jvm_start(settings.probes);
	}
}

/* The trace was unlinked before an exec that failed: write it out again. */
static void write_out(void)
{
	const char *at = (const char *)state.header;
	uint64_t left = state.header->file_used;
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)process.path,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600, 0, 0);

	if (sys_failed(fd))
		return;
	while (left) {
		long n = sys_call3(SYS_write, fd, (long)at, (long)left);

		if (n <= 0)
			break;
		at += n;
		left -= (uint64_t)n;
	}
	sys_call3(SYS_close, fd, 0, 0);
}

static int can_start_report(void)
{
	return settings.analyzer[0] && confined_lets(0, CONFINED_REPORT);
}

/* Where a report goes if stderr is closed, or is somebody else's file by now: beside the trace. */
static const char *report_file(void)
{
	static char path[sizeof process.path + 8];

	if (note_possible())
		return 0;
	put(put(path, path + sizeof path, process.path), path + sizeof path, ".report");
	return path;
}

static long start_report(const char *why)
{
	char *argv[] = {(char *)"leakshim", (char *)"report", (char *)"--from-shim", (char *)why,
			(char *)"--keep", (char *)(settings.keep_always ? "always" : "leaks"),
			process.path, 0};

	if (!can_start_report())
		return -1;
	return spawn_program(settings.analyzer, argv, settings.environment, report_file());
}

static void say_where(void)
{
	if (process.is_told)
		return;
	note_say("the trace is ", process.path, "; next: leakshim report TRACE");
}

/* In a thread of ours, after a virtual machine has looked at its heap. */
static void report_living(void)
{
	if (start_report("signal") <= 0)
		say_where();
}

static int can_read_trace(void)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)process.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0, 0, 0);

	if (sys_failed(fd))
		return 0;
	sys_call3(SYS_close, fd, 0, 0);
	return 1;
}

/* A daemon that has given up its rights, or went to another root, cannot read its own trace any more, nor can the analyzer
 * that it starts: that gets a copy in the folder of who we are now. Returns 0 if that cannot be. */
static int copy_for_us(void)
{
	char was[sizeof process.path];

	memcpy(was, process.path, sizeof was);
	if (!settings.trace[0] && !in_usual_folder(name_first, own_pid())) {
		write_out();
		if (can_read_trace())
			return 1;
		sys_call3(SYS_unlink, (long)process.path, 0, 0);
	}
	memcpy(process.path, was, sizeof was);
	note_say("the program has given up the right to read its own trace; as the user that it was started by: leakshim report ",
		 process.path, 0);
	return 0;
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
		write_out();
		process_state.unlinked = 0;
	} else {
		area_trim(process.path);
	}
	if (!report || process.is_checked || wishes_no_report() || !settings.report_exit)
		return;
	if (can_start_report() && !can_read_trace() && !copy_for_us())
		return;
	long pid = start_report("exit");
	/* services on a virtual machine are restarted by somebody who waits; as process 1 nothing outlives us */
	if (pid > 0 && (!jvm_is_there() || state.header->pid == 1))
		spawn_wait(pid, REPORT_SECONDS);
	else if (pid > 0)
		return;
	else
		say_where();
}

void process_exec(const struct snapshot_here *here)
{
	if (!ours())
		return;
	state.header->end_time = state_now();
	__atomic_store_n(&state.header->end, TRACE_END_EXEC, __ATOMIC_RELEASE);
	if (state.header->flags & TRACE_FLAG_FORKED) {
		/* what a child holds between fork and exec goes with the exec: nothing to report */
		sys_call3(SYS_unlink, (long)process.path, 0, 0);
		process_state.unlinked = 1;
		return;
	}
	snapshot_at_end(here);
	if (!settings.keep_always && snapshot_is_clean()) {
		sys_call3(SYS_unlink, (long)process.path, 0, 0);
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

/* In the scanning process, when it is done. */
static void attend_report(void)
{
	char *argv[] = {(char *)"leakshim", (char *)"report", (char *)"--from-shim", (char *)"signal",
			(char *)"--keep", (char *)"always", process.path, 0};

	spawn_attend(settings.analyzer, argv, settings.environment, report_file(), scanner_forget_copy);
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
	    snapshot_live(here, can_start_report() ? attend_report : 0, 1))
		return 0;
	const struct trace_scan *scan = snapshot_wait(ms);
	return scan && scan->status == TRACE_SCAN_DONE &&
	       scan->blocks[TRACE_VERDICT_DEFINITE] + scan->blocks[TRACE_VERDICT_POSSIBLE] != 0;
}

void process_snapshot(const struct snapshot_here *here, int report)
{
	int can_report = report && settings.report_signal;

	if (!ours())
		return;
	if (jvm_is_there() && jvm_request(can_report))
		return;
	if (!snapshot_live(here, can_report && can_start_report() ? attend_report : 0, !report)) {
		if (can_report && !can_start_report())
			say_where();
		return;
	}
	spawn_reap();
	if (can_report && (tasks_is_next_first() || start_report("signal") <= 0))
		say_where();
}
