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
	report_put_key(j, "merged_from");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 1; i < m->process_count; i++) {
		const struct process *one = &m->processes[i];

		yajl_gen_map_open(j->gen);
		report_put_number(j, "pid", one->pid);
		report_put_member(j, "name", one->program);
		report_put_member(j, "end", words_ending(one->ending));
		report_put_key(j, "end_detail");
		if (one->is_detail_unknown)
			yajl_gen_null(j->gen);
		else
			yajl_gen_integer(j->gen, one->detail);
		report_put_bool(j, "scanned", one->is_scanned);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_program(struct report_json *j, const struct model *m)
{
	report_put_key(j, "program");
	yajl_gen_map_open(j->gen);
	report_put_member(j, "name", m->program);
	report_put_member(j, "executable", m->executable);
	report_put_number(j, "pid", m->pid);
	report_put_number(j, "ppid", m->ppid);
	report_put_bool(j, "forked", m->is_forked);
	report_put_member(j, "level", m->level);
	report_put_seconds(j, "started", m->start_realtime_ns / 1000);
	report_put_seconds(j, "seconds", m->now_us);
	yajl_gen_map_close(j->gen);
}

static void put_report(struct report_json *j, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;

	report_put_member(j, "trace", r->model->path);
	put_program(j, r->model);
	put_processes(j, r->model);
	report_put_summary(j, r);
	report_put_key(j, "leaks");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->detailed; i++) {
		progress_writing(j->to, i, d->detailed);
		report_put_leak(j, r->model, &d->leaks[i]);
		pool_drop(&j->scratch); /* names were copied to be made valid */
	}
	progress_end();
	yajl_gen_array_close(j->gen);
	report_put_key(j, "known");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->known_count; i++) {
		report_put_leak(j, r->model, &d->leaks[d->leak_count + i]);
		pool_drop(&j->scratch);
	}
	yajl_gen_array_close(j->gen);
	report_put_number(j, "leaks_left_out", d->leak_count - d->detailed);
	report_put_key(j, "findings");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->finding_count; i++)
		report_put_finding(j, r->model, &d->findings[i]);
	yajl_gen_array_close(j->gen);
	report_put_key(j, "overdue");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->overdue_count; i++)
		report_put_overdue(j, r->model, &d->overdue[i]);
	yajl_gen_array_close(j->gen);
	report_put_key(j, "probe_problems");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < r->model->problem_count; i++)
		report_put_text(j, r->model->problems[i]);
	yajl_gen_array_close(j->gen);
	report_put_key(j, "notes");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->note_count; i++)
		report_put_text(j, d->notes[i]);
	yajl_gen_array_close(j->gen);
}

static void print(void *to, const char *text, size_t size)
{
	fwrite(text, 1, size, to);
}

struct report_json *report_json_open(FILE *to)
{
	struct report_json *j = pool_regrow(NULL, 1, sizeof(*j));

	memset(j, 0, sizeof(*j));
	j->to = to;
	j->gen = yajl_gen_alloc(NULL);
	if (!j->gen)
		abort();
	yajl_gen_config(j->gen, yajl_gen_beautify, 1);
	yajl_gen_config(j->gen, yajl_gen_indent_string, " ");
	yajl_gen_config(j->gen, yajl_gen_print_callback, print, to);
	yajl_gen_map_open(j->gen);
	report_put_number(j, "version", 1);
	return j;
}

void report_json_add(struct report_json *j, const struct report *report)
{
	if (j->reports == 1) {
		report_put_key(j, "processes");
		yajl_gen_array_open(j->gen);
	}
	if (j->reports)
		yajl_gen_map_open(j->gen);
	put_report(j, report);
	if (j->reports)
		yajl_gen_map_close(j->gen);
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
	if (j->unknown_count) {
		report_put_key(j, "unknown");
		yajl_gen_array_open(j->gen);
	}
	for (unsigned i = 0; i < j->unknown_count; i++) {
		yajl_gen_map_open(j->gen);
		report_put_key(j, "program");
		report_put_text(j, j->unknown[i].program);
		report_put_key(j, "reason");
		report_put_text(j, j->unknown[i].why);
		yajl_gen_map_close(j->gen);
		free(j->unknown[i].program);
	}
	if (j->unknown_count)
		yajl_gen_array_close(j->gen);
	free(j->unknown);
}

void report_json_close(struct report_json *j)
{
	if (j->reports > 1)
		yajl_gen_array_close(j->gen);
	put_unknown(j);
	yajl_gen_map_close(j->gen);
	yajl_gen_free(j->gen);
	pool_drop(&j->scratch);
	free(j);
}
