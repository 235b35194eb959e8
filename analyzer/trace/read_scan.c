/* SPDX-License-Identifier: MIT */
/* Trace -> model: what the latest scan found, see read.h and read_parts.h. */
#include <stdlib.h>

#include "read_parts.h"

struct failure {
	const char *why, *cure;
};

static struct failure scan_failure(uint32_t status)
{
	static const struct failure all[] = {
		[TRACE_SCAN_UNDER_WAY] = { "it was under way when the program ended", NULL },
		[TRACE_SCAN_NO_PROCESS] = { "no process could be made for it",
					    "RLIMIT_NPROC and the pids.max of its cgroup must leave room for one more" },
		[TRACE_SCAN_NO_MAPS] = { "/proc/self/maps cannot be read", "where it looks there must be /proc, and room for an open file" },
		[TRACE_SCAN_NO_MEMORY] = { "there was no memory for it", "RLIMIT_AS and RLIMIT_DATA must leave room for it" },
		[TRACE_SCAN_NO_SPACE] = { "there was no space for it in the trace", "dir=DIR puts traces elsewhere" },
		[TRACE_SCAN_TIMEOUT] = { "it took too long", NULL },
		[TRACE_SCAN_BROKE] = { "the scanning process died", NULL },
		[TRACE_SCAN_CONFINED] = { "the program took system calls away from itself", NULL },
		[TRACE_SCAN_SWITCHED_OFF] = { "it is switched off", NULL },
		[TRACE_SCAN_NAMESPACE] = { "its process would have been one of the program's new PID namespace, whose end waits for all of them",
					   NULL },
		[TRACE_SCAN_HEARD] = { "a thread of the program would have been told of the copy, and the copy would have waited for it (userfaultfd)",
				       NULL },
		[TRACE_SCAN_TOO_DEAR] = { "it would have taken more than a tenth of the memory that is left", NULL },
		[TRACE_SCAN_OVER_BUDGET] = { "its pause would have been longer than allowed", "pause=MS allows more" },
		[TRACE_SCAN_JAVA] = { "native memory of a Java virtual machine is not looked at", NULL },
		[TRACE_SCAN_NO_THREADS] = { "the program's threads could not be listed", "RLIMIT_NOFILE must leave room for one more open file" },
	};

	return status < sizeof(all) / sizeof(*all) && all[status].why ? all[status] : (struct failure){ "unknown reason", NULL };
}

static const char *root_names(struct model *m, uint32_t roots)
{
	static const char *const names[TRACE_ROOTS] = {
		[TRACE_ROOT_GLOBALS] = "global variables", [TRACE_ROOT_STACKS] = "stacks",
		[TRACE_ROOT_REGISTERS] = "registers",	   [TRACE_ROOT_TLS] = "thread-local variables",
		[TRACE_ROOT_MMAPS] = "mappings",	   [TRACE_ROOT_LOADER] = "the loader's blocks",
		[TRACE_ROOT_KERNEL] = "pointers that the kernel holds",
		[TRACE_ROOT_REGIONS] = "registered regions",
		[TRACE_ROOT_IGNORED] = "ignored blocks",   [TRACE_ROOT_HEAP] = "unfollowed memory",
	};
	const char *text = NULL;

	for (unsigned i = 1; i < TRACE_ROOTS; i++)
		if (roots & 1u << i)
			text = pool_print(&m->pool, "%s%s%s", text ? text : "", text ? ", " : "",
					  names[i]);
	return text;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void sum_up(uint64_t *times, uint32_t count, uint64_t *median, uint64_t *worst)
{
	qsort(times, count, sizeof(*times), by_size);
	*median = times[count / 2];
	*worst = times[count - 1];
}

/* How long all the looks at the living program held it. */
static void read_pauses(struct model *m, const struct trace_file *f)
{
	uint32_t most = f->areas[TRACE_AREA_SCAN].used + 1;
	uint64_t *pauses = calloc(most, sizeof(*pauses)), *on_cpu = calloc(most, sizeof(*on_cpu));
	struct trace_scan t;

	for (uint32_t i = 1; pauses && on_cpu && i < f->areas[TRACE_AREA_SCAN].used; i++)
		if (ELEMENT(f, TRACE_AREA_SCAN, i, &t) && t.status == TRACE_SCAN_DONE && t.occasion == TRACE_OCCASION_SIGNAL) {
			on_cpu[m->scan.looks] = t.pause_cpu_us;
			pauses[m->scan.looks++] = t.pause_us;
		}
	if (m->scan.looks) {
		sum_up(pauses, m->scan.looks, &m->scan.median_us, &m->scan.worst_us);
		sum_up(on_cpu, m->scan.looks, &m->scan.median_cpu_us, &m->scan.worst_cpu_us);
	}
	free(on_cpu);
	free(pauses);
}

/* Fills m->scan from the latest scan that was done, else from the latest try. Returns the
 * number of the scan that the verdicts are from, 0 if there is none. */
static uint32_t read_scan(struct model *m, const struct trace_file *f)
{
	struct trace_scan t, done = { 0 };
	struct failure failure = { NULL, NULL };
	uint32_t last = 0;

	for (uint32_t i = 1; i < f->areas[TRACE_AREA_SCAN].used; i++) {
		if (!ELEMENT(f, TRACE_AREA_SCAN, i, &t) || t.number <= last)
			continue;
		last = t.number;
		m->scan.is_tried = true;
		failure = t.status == TRACE_SCAN_DONE ? (struct failure){ NULL, NULL } : scan_failure(t.status);
		if (t.status == TRACE_SCAN_DONE)
			done = t;
	}
	m->scan.failure = failure.why;
	m->scan.cure = failure.cure;
	if (!done.number)
		return 0;
	read_pauses(m, f);
	m->scan.is_done = true;
	m->scan.number = done.number;
	m->scan.is_at_end = done.occasion == TRACE_OCCASION_END;
	m->scan.missing = root_names(m, done.missing);
	m->scan.threads = done.threads;
	m->scan.unstable = done.unstable;
	m->scan.time_us = done.time;
	m->scan.took_us = done.took_us;
	m->scan.pause_us = done.pause_us;
	m->scan.predicted_us = done.predicted_us;
	m->scan.pause_cpu_us = done.pause_cpu_us;
	m->scan.memory = done.memory_kib * 1024ull;
	m->scan.is_shared = done.flags & TRACE_SCAN_SHARED;
	return done.number;
}

void read_unread(struct model *m, const struct trace_file *f, uint32_t scan)
{
	struct unread *all = pool_array(&m->pool, f->areas[TRACE_AREA_UNREAD].used, sizeof(*all));
	struct trace_unread t;

	for (uint32_t i = 1; i < f->areas[TRACE_AREA_UNREAD].used; i++) {
		if (!ELEMENT(f, TRACE_AREA_UNREAD, i, &t) || t.scan != scan)
			continue;
		all[m->scan.unread_count++] = (struct unread){
			.kind = t.kind < UNREADS ? (enum unread_kind)t.kind : UNREAD_OTHER,
			.name = pool_print(&m->pool, "%.*s", (int)sizeof(t.name), t.name),
			.start = t.start,
			.bytes = t.size,
			.ranges = t.ranges,
		};
	}
	m->scan.unread = all;
}

/* Blocks made after a cut, or just before it: on their way, if the scan is the present. Of those that were made between the latest
 * look and an end without one nobody knows. */
#define PRESENT_US 10000000

static bool is_present(const struct model *m, uint64_t made_us)
{
	bool is_over = m->ending != ENDING_RUNNING && m->ending != ENDING_SNAPSHOT;

	return m->scan.is_at_end || (!is_over && !m->scan.failure && made_us < m->scan.time_us + PRESENT_US);
}

static enum leak_class verdict_class(const struct model *m, uint32_t verdict, uint64_t made_us)
{
	switch (verdict) {
	case TRACE_VERDICT_REACHABLE:
		return CLASS_REACHABLE;
	case TRACE_VERDICT_POSSIBLE:
		return CLASS_POSSIBLE;
	case TRACE_VERDICT_DEFINITE:
		return CLASS_DEFINITE;
	case TRACE_VERDICT_INDIRECT:
		return CLASS_INDIRECT;
	case TRACE_VERDICT_IGNORED:
		return CLASS_IGNORED;
	default:
		return is_present(m, made_us) ? CLASS_IN_FLIGHT : CLASS_UNCLASSIFIED;
	}
}

static void note_back(struct model *m, uint32_t block, uint64_t from)
{
	if (!from)
		return;
	if (!m->back)
		m->back = pool_array(&m->pool, m->block_count, sizeof(*m->back));
	m->back[block] = from;
}

static enum root root_of(uint32_t root)
{
	static const enum root kinds[TRACE_ROOTS] = {
		[TRACE_ROOT_GLOBALS] = ROOT_GLOBAL, [TRACE_ROOT_STACKS] = ROOT_STACK, [TRACE_ROOT_REGISTERS] = ROOT_REGISTER,
		[TRACE_ROOT_TLS] = ROOT_THREAD_LOCAL, [TRACE_ROOT_MMAPS] = ROOT_MAPPING, [TRACE_ROOT_KERNEL] = ROOT_KERNEL,
	};

	if (!root)
		return ROOT_NONE;
	return root < TRACE_ROOTS && kinds[root] ? kinds[root] : ROOT_OTHER;
}

/* Who holds what can be reached is asked of the living only. */
static void note_held(struct model *m, uint32_t block, const struct trace_verdict *t)
{
	if (m->ending != ENDING_RUNNING && m->ending != ENDING_SNAPSHOT)
		return;
	if (!m->held)
		m->held = pool_array(&m->pool, m->block_count, sizeof(*m->held));
	m->held[block] = trace_verdict_from(t) | (uint64_t)root_of(trace_verdict_root(t)) << MODEL_ROOT_SHIFT;
}

static void read_verdict(struct model *m, const struct trace_file *f, const uint32_t *slots,
			 uint32_t i, uint32_t scan)
{
	struct block *b = &m->blocks[slots[i] - 1];
	struct trace_verdict t;
	uint32_t verdict = TRACE_VERDICT_NONE;

	if (b->class == CLASS_IGNORED)
		return;
	if (ELEMENT(f, TRACE_AREA_VERDICT, i, &t) && trace_verdict_address(&t) == b->address &&
	    t.time == (uint32_t)b->time_us && t.from >> 56 == (scan & 255)) {
		verdict = trace_verdict_class(&t);
		b->scans = trace_verdict_cuts(&t) & 15;
		if (verdict == TRACE_VERDICT_POSSIBLE && trace_verdict_root(&t) == TRACE_ROOT_UNREAD) {
			b->is_doubtful = true;
			m->scan.doubtful++;
		}
		if (verdict == TRACE_VERDICT_INDIRECT && t.owner < f->areas[TRACE_AREA_BLOCK].used)
			b->owner = slots[t.owner];
		if (verdict == TRACE_VERDICT_INDIRECT || verdict == TRACE_VERDICT_DEFINITE)
			note_back(m, slots[i] - 1, trace_verdict_from(&t));
		if (verdict == TRACE_VERDICT_REACHABLE)
			note_held(m, slots[i] - 1, &t);
	}
	b->class = verdict_class(m, verdict, b->time_us) & 15;
}

void read_scan_areas(struct model *m, const struct trace_file *f, const uint32_t *slots)
{
	uint32_t scan = read_scan(m, f);

	if (scan)
		read_unread(m, f, scan);
	for (uint32_t i = 1; scan && i < f->areas[TRACE_AREA_BLOCK].used; i++)
		if (slots[i])
			read_verdict(m, f, slots, i, scan);
}
