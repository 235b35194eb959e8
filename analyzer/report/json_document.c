/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> JSON, as report.schema.json describes it. Written as a stream, so that a
 * report of all groups needs no more memory than the diagnosis itself.
 */
#include "json_parts.h"

#include <stdlib.h>
#include <string.h>

#include "progress.h"
#include "words.h"

struct unknown {
	char *program;
	const char *why;
};

/* Of a merged trace. */
static void put_processes(struct report_json *j, const struct model *m)
{
	json_put_array(j->to, "merged_from");
	for (uint32_t i = 1; i < m->process_count; i++) {
		const struct process *one = &m->processes[i];

		json_object(j->to);
		json_put_number(j->to, "pid", one->pid);
		report_put_member(j, "name", one->program);
		report_put_member(j, "end", words_ending(one->ending));
		if (one->is_detail_unknown)
			json_put_null(j->to, "end_detail");
		else
			json_put_integer(j->to, "end_detail", one->detail);
		json_put_bool(j->to, "scanned", one->is_scanned);
		json_object_end(j->to);
	}
	json_array_end(j->to);
}

static void put_program(struct report_json *j, const struct model *m)
{
	json_put_object(j->to, "program");
	report_put_member(j, "name", m->program);
	report_put_member(j, "executable", m->executable);
	json_put_number(j->to, "pid", m->pid);
	json_put_number(j->to, "ppid", m->ppid);
	json_put_bool(j->to, "forked", m->is_forked);
	report_put_member(j, "level", m->level);
	json_put_seconds(j->to, "started", m->start_realtime_ns / 1000);
	json_put_seconds(j->to, "seconds", m->now_us);
	json_object_end(j->to);
}

static void put_report(struct report_json *j, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;

	report_put_member(j, "trace", r->model->path);
	put_program(j, r->model);
	put_processes(j, r->model);
	report_put_summary(j, r);
	json_put_array(j->to, "leaks");
	for (uint32_t i = 0; i < d->detailed; i++) {
		progress_writing(j->file, i, d->detailed);
		report_put_leak(j, r->model, &d->leaks[i]);
		pool_drop(&j->scratch); /* names were copied to be made valid */
	}
	progress_end();
	json_array_end(j->to);
	json_put_array(j->to, "known");
	for (uint32_t i = 0; i < d->known_count; i++) {
		report_put_leak(j, r->model, &d->leaks[d->leak_count + i]);
		pool_drop(&j->scratch);
	}
	json_array_end(j->to);
	json_put_number(j->to, "leaks_left_out", d->leak_count - d->detailed);
	json_put_array(j->to, "findings");
	for (uint32_t i = 0; i < d->finding_count; i++)
		report_put_finding(j, r->model, &d->findings[i]);
	json_array_end(j->to);
	json_put_array(j->to, "overdue");
	for (uint32_t i = 0; i < d->overdue_count; i++)
		report_put_overdue(j, r->model, &d->overdue[i]);
	json_array_end(j->to);
	json_put_array(j->to, "probe_problems");
	for (uint32_t i = 0; i < r->model->problem_count; i++)
		report_put_text(j, r->model->problems[i]);
	json_array_end(j->to);
	json_put_array(j->to, "notes");
	for (uint32_t i = 0; i < d->note_count; i++)
		report_put_text(j, d->notes[i]);
	json_array_end(j->to);
}

struct report_json *report_json_open(FILE *to)
{
	struct report_json *j = pool_regrow(NULL, 1, sizeof(*j));

	memset(j, 0, sizeof(*j));
	j->file = to;
	j->to = json_open(to, 1);
	json_object(j->to);
	json_put_number(j->to, "version", 1);
	return j;
}

void report_json_add(struct report_json *j, const struct report *report)
{
	if (j->reports == 1)
		json_put_array(j->to, "processes");
	if (j->reports)
		json_object(j->to);
	put_report(j, report);
	if (j->reports)
		json_object_end(j->to);
	j->reports++;
	pool_drop(&j->scratch);
}

void report_json_unknown(struct report_json *j, const char *program, const char *why)
{
	j->unknown = pool_regrow(j->unknown, j->unknown_count + 1ul, sizeof(*j->unknown));
	j->unknown[j->unknown_count++] = (struct unknown){ strdup(program), why };
}

static void put_unknown(struct report_json *j)
{
	if (j->unknown_count)
		json_put_array(j->to, "unknown");
	for (unsigned i = 0; i < j->unknown_count; i++) {
		json_object(j->to);
		report_put_member(j, "program", j->unknown[i].program);
		report_put_member(j, "reason", j->unknown[i].why);
		json_object_end(j->to);
		free(j->unknown[i].program);
	}
	if (j->unknown_count)
		json_array_end(j->to);
	free(j->unknown);
}

void report_json_close(struct report_json *j)
{
	if (j->reports > 1)
		json_array_end(j->to);
	put_unknown(j);
	json_object_end(j->to);
	json_close(j->to);
	pool_drop(&j->scratch);
	free(j);
}
