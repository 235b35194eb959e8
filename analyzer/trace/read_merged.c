/* SPDX-License-Identifier: MIT */
/* Trace -> model: what was merged from several processes, see read.h and read_parts.h. */
#include <math.h>

#include "read_parts.h"

static enum ending ending_as(uint32_t end)
{
	static const enum ending as[] = {
		[TRACE_END_NONE] = ENDING_UNKNOWN,	   [TRACE_END_EXIT] = ENDING_EXIT,
		[TRACE_END_FAST_EXIT] = ENDING_FAST_EXIT,  [TRACE_END_QUICK_EXIT] = ENDING_QUICK_EXIT,
		[TRACE_END_ABORT] = ENDING_ABORT,	   [TRACE_END_SIGNAL] = ENDING_SIGNAL,
		[TRACE_END_EXEC] = ENDING_EXEC,		   [TRACE_END_CALL] = ENDING_CALL,
	};

	if (end == TRACE_PROCESS_COPY)
		return ENDING_SNAPSHOT;
	if (end == TRACE_PROCESS_RUNNING)
		return ENDING_RUNNING;
	return end - 1 < sizeof(as) / sizeof(*as) ? as[end - 1] : ENDING_UNKNOWN;
}

/* What the scans of all have in common. */
static void add_scan(struct model *m, uint32_t flags, const char *failure, const char *missing)
{
	struct scan *s = &m->scan;
	bool is_done = flags & TRACE_PROCESS_SCANNED;

	s->is_tried |= is_done || *failure;
	s->number = 1;
	s->is_done &= is_done;
	s->is_at_end &= (flags & TRACE_PROCESS_AT_END) != 0;
	if (*failure)
		s->failure = failure;
	if (*missing)
		s->missing = missing;
}

static int read_process(struct model *m, const struct trace_file *f, uint32_t i)
{
	struct trace_process t;
	const void *from = ELEMENT(f, TRACE_AREA_PROCESS, i, &t);
	struct process *to = &m->processes[i];
	const char *failure, *missing;

	to->program = "";
	if (!from || !t.end)
		return 0;
	to->program = text_at(m, f, t.program);
	failure = text_at(m, f, t.failure);
	missing = text_at(m, f, t.missing);
	if (!to->program || !failure || !missing)
		return file_complain_at(f, from, "a process has a name that lies nowhere");
	to->pid = t.pid;
	to->ending = ending_as(t.end);
	to->is_detail_unknown = t.end_detail == TRACE_DETAIL_UNKNOWN;
	to->detail = to->is_detail_unknown ? 0 : t.end_detail;
	to->is_scanned = t.flags & TRACE_PROCESS_SCANNED;
	to->resource = t.resource ? t.resource - 1 : 0;
	add_scan(m, t.flags, failure, missing);
	return 0;
}

static void read_members(struct model *m, const struct trace_file *f)
{
	struct trace_members t;

	m->members_count = area_count(f, TRACE_AREA_MEMBERS);
	m->members = pool_array(&m->pool, m->members_count, sizeof(*m->members));
	for (uint32_t i = 1; i < m->members_count; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_MEMBERS, i, &t);

		if (from)
			m->members[i] = t.bits;
	}
}

static bool is_amount(double amount)
{
	return isfinite(amount) && amount >= 0 && amount < 1e18;
}

static enum leak_class class_as(uint8_t class)
{
	static const enum leak_class as[] = { CLASS_UNCLASSIFIED, CLASS_REACHABLE, CLASS_POSSIBLE, CLASS_DEFINITE,
					      CLASS_INDIRECT,	  CLASS_IGNORED,   CLASS_IN_FLIGHT };

	return class < sizeof(as) / sizeof(*as) ? as[class] : CLASS_UNCLASSIFIED;
}

static const char *crowd_fault(const struct model *m, const struct trace_crowd *t, uint32_t count)
{
	if (t->site >= m->site_count)
		return "a crowd's site lies nowhere";
	if (t->thread >= m->thread_count || t->owner >= count)
		return "a crowd leads nowhere";
	if (t->members > m->members_count || t->members_count > m->members_count - t->members ||
	    (uint64_t)t->members_from + t->members_count > m->process_count / 64u + 1)
		return "a crowd's processes lie nowhere";
	if (!is_amount(t->count) || !is_amount(t->bytes) || !is_amount(t->confirmed) || !is_amount(t->doubtful) || !(t->count > 0))
		return "a crowd counts what cannot be";
	return NULL;
}

/* A crowd is a block of the model, in its own place: one that is not sealed counts nothing and is left out by its class. */
static int read_crowds(struct model *m, const struct trace_file *f)
{
	uint32_t count = area_count(f, TRACE_AREA_CROWD);
	struct trace_crowd t;

	m->blocks = pool_array(&m->pool, count, sizeof(*m->blocks));
	m->crowds = pool_array(&m->pool, count, sizeof(*m->crowds));
	for (uint32_t i = 1; i < count; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_CROWD, i, &t);
		const char *fault = from ? crowd_fault(m, &t, count) : NULL;

		if (fault)
			return file_complain_at(f, from, fault);
		if (!from)
			continue;
		m->crowds[i - 1] = (struct crowd){ t.count, t.bytes, t.confirmed, t.doubtful, t.newest,
							t.members, t.members_from, t.members_count, t.is_estimate };
		m->blocks[i - 1] = (struct block){
			.address = t.address & ((1ull << TRACE_ADDRESS_BITS) - 1),
			.size = (uint64_t)(t.bytes / t.count),
			.time_us = t.oldest,
			.site = t.site,
			.thread = (uint16_t)t.thread,
			.family = t.family && t.family <= FAMILIES ? (t.family - 1) & 15 : 0,
			.class = class_as(t.class) & 15,
			.owner = t.class == TRACE_VERDICT_INDIRECT ? t.owner : 0,
		};
		m->scan.doubtful += (uint32_t)t.doubtful;
		m->is_sampled |= t.is_estimate;
	}
	m->block_count = count - 1;
	return 0;
}

int read_merged_areas(struct model *m, const struct trace_file *f)
{
	int result = 0;

	m->process_count = area_count(f, TRACE_AREA_PROCESS);
	m->processes = pool_array(&m->pool, m->process_count, sizeof(*m->processes));
	m->scan.is_done = m->scan.is_at_end = m->process_count > 1;
	for (uint32_t i = 1; i < m->process_count && !result; i++)
		result = read_process(m, f, i);
	if (result)
		return result;
	read_members(m, f);
	read_unread(m, f, 1);
	return read_crowds(m, f);
}

void read_resource_processes(struct model *m)
{
	uint32_t process = 1;

	for (uint32_t i = 0; m->process_count && i < m->resource_count; i++) {
		while (process + 1 < m->process_count && m->processes[process + 1].resource <= i)
			process++;
		m->resources[i].process = process;
	}
}
