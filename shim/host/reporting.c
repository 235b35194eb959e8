/* SPDX-License-Identifier: MIT */
/* Starting the analyzer. See reporting.h. */
#include "reporting.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "confined.h"
#include "loaded.h"
#include "note.h"
#include "path.h"
#include "place.h"
#include "scanner.h"
#include "settings.h"
#include "spawn.h"
#include "sys.h"
#include "tasks.h"
#include "version.h"
#include "rules.h"

#define BEGINS_US 60000000u
#define WRITES_NS 2000000000u /* to a pipe that is full */

static int is_told; /* where the trace is; not wiped by a fork */

void reporting_find(void)
{
	static const char *const places[] = {"/../analyzer/leakshim", "/../../bin/leakshim", "/../bin/leakshim"};
	const char *own;
	char path[SETTINGS_PATH], file[SETTINGS_PATH];

	if (settings.analyzer[0])
		return;
	own = loaded_path((void *)reporting_find);
	if (own && own[0] != '/' && loaded_file((void *)reporting_find, file, sizeof file))
		own = file;
	if (own && own[0] == '/') {
		size_t folder = (size_t)(path_file(own) - own);

		for (size_t i = 0; folder && i < sizeof places / sizeof *places; i++) {
			char *at = note_put(path, path + sizeof path, own);

			if (folder > (size_t)(at - path))
				break;
			note_put(path + folder - 1, path + sizeof path, places[i]);
			if (!sys_call3(SYS_access, (long)path, X_OK, 0)) {
				note_put(settings.analyzer, settings.analyzer + sizeof settings.analyzer, path);
				return;
			}
		}
	}
	if (!sys_call3(SYS_access, (long)(LEAKSHIM_BINDIR "/leakshim"), X_OK, 0))
		note_put(settings.analyzer, settings.analyzer + sizeof settings.analyzer,
		    LEAKSHIM_BINDIR "/leakshim");
}

int reporting_possible(void)
{
	return settings.analyzer[0] && confined_lets(0, CONFINED_REPORT);
}

/* Where a report goes if stderr is closed, or is somebody else's file by now: beside the trace. */
static const char *report_file(void)
{
	static char path[2 * SETTINGS_PATH + 8];

	if (note_possible())
		return 0;
	note_put(note_put(path, path + sizeof path, place_path()), path + sizeof path, ".report");
	return path;
}

/* One at a request goes with whoever attends to it. */
static long start(const char *why, int is_bound)
{
	char *argv[] = {(char *)"leakshim", (char *)"report", (char *)"--from-shim", (char *)why,
			(char *)"--keep", (char *)(settings.keep_always ? "always" : "leaks"),
			(char *)place_path(), 0};
	const struct spawn_program program = {settings.analyzer, argv, settings.environment, report_file(), is_bound};

	if (!reporting_possible())
		return -1;
	return spawn_program(&program);
}

long reporting_start(const char *why)
{
	return start(why, 0);
}

void reporting_before(const struct guard_future *next)
{
	if (!settings.report_exit || is_told || confined_lets(next, CONFINED_REPORT))
		return;
	is_told = 1;
	note_say("the program takes system calls away from itself, so no report comes by itself at its end; then: leakshim report ",
		 place_path(), 0);
}

void reporting_say_where(void)
{
	if (is_told)
		return;
	if (!settings.analyzer[0])
		note_say("no program leakshim was found for the report, neither beside the library nor installed", 0, 0);
	else if (sys_call3(SYS_access, (long)settings.analyzer, X_OK, 0))
		note_say("the program for the report cannot be run: ", settings.analyzer, "; analyzer=PATH names another one");
	note_say("the trace is ", place_path(), "; next: leakshim report TRACE");
}

/* It may have died, or never come to its report: somebody else takes over then. */
static int is_being_made(void)
{
	uint32_t pid = __atomic_load_n(&reporting_state.reporter, __ATOMIC_ACQUIRE);

	return pid ? !scanner_reap(pid) : state_now() - reporting_state.since < BEGINS_US;
}

int reporting_joins(void)
{
	struct trace_header *h = state.header;
	uint32_t before = __atomic_load_n(&h->requests, __ATOMIC_ACQUIRE), after;
	int joins;

	do {
		joins = before & TRACE_REQUESTS_OPEN && is_being_made();
		after = (before + 2) | TRACE_REQUESTS_OPEN;
	} while (!__atomic_compare_exchange_n(&h->requests, &before, after, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
	if (!joins) {
		h->answered = after & ~TRACE_REQUESTS_OPEN;
		__atomic_fetch_and(&h->telling, ~TRACE_TELLING_ASKED, __ATOMIC_SEQ_CST); /* of one that died over it */
		reporting_state.since = state_now();
		reporting_by(0);
	}
	return joins;
}

int reporting_is_due(void)
{
	return __atomic_load_n(&state.header->requests, __ATOMIC_ACQUIRE) & TRACE_REQUESTS_OPEN &&
	       !__atomic_load_n(&reporting_state.reporter, __ATOMIC_ACQUIRE);
}

void reporting_by(uint32_t pid)
{
	__atomic_store_n(&reporting_state.reporter, pid, __ATOMIC_RELEASE);
}

static void report(const char *why)
{
	long pid = tasks_is_next_apart() ? -1 : start(why, 1);

	if (pid > 0) {
		reporting_by((uint32_t)pid);
		return;
	}
	__atomic_fetch_and(&state.header->requests, ~TRACE_REQUESTS_OPEN, __ATOMIC_ACQ_REL);
	reporting_say_where();
}

void reporting_living(void)
{
	report("signal");
}

void reporting_later(void)
{
	report("joined");
}

static void attend(const char *why)
{
	char *argv[] = {(char *)"leakshim", (char *)"report", (char *)"--from-shim", (char *)why,
			(char *)"--keep", (char *)"always", (char *)place_path(), 0};
	const struct spawn_program program = {settings.analyzer, argv, settings.environment, report_file(), 1};

	spawn_attend(&program, scanner_forget_copy);
}

void reporting_attend(void)
{
	attend("signal");
}

void reporting_attend_check(void)
{
	attend("check");
}

int reporting_is_owed(void)
{
	uint32_t pid = __atomic_load_n(&reporting_state.reporter, __ATOMIC_ACQUIRE);

	return __atomic_load_n(&state.header->requests, __ATOMIC_ACQUIRE) & TRACE_REQUESTS_OPEN && (!pid || scanner_reap(pid));
}

/* Whoever is about to write and whoever forbids it each set a mark, then look for the other's. */
void reporting_last(int is_waited)
{
	struct trace_header *h = state.header;
	struct timespec nap = {0, 1000000};
	uint32_t pid = __atomic_load_n(&reporting_state.reporter, __ATOMIC_ACQUIRE);
	uint32_t before = __atomic_fetch_and(&h->requests, ~TRACE_REQUESTS_OPEN, __ATOMIC_ACQ_REL);
	uint32_t telling = __atomic_fetch_or(&h->telling, TRACE_TELLING_LAST, __ATOMIC_SEQ_CST);
	uint64_t start = state_clock_ns(CLOCK_MONOTONIC);

	if (!(before & TRACE_REQUESTS_OPEN))
		return;
	int is_alive = pid && !scanner_reap(pid);
	if (!(telling & TRACE_TELLING_ASKED))
		__atomic_fetch_sub(&h->answered, 2, __ATOMIC_ACQ_REL);
	if (is_alive && !(telling & TRACE_TELLING_ASKED))
		sys_call3(SYS_kill, pid, SIGKILL, 0);
	while (is_alive && is_waited && __atomic_load_n(&h->telling, __ATOMIC_SEQ_CST) & TRACE_TELLING_ASKED && !scanner_reap(pid) &&
	       state_clock_ns(CLOCK_MONOTONIC) - start < WRITES_NS)
		sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
}
