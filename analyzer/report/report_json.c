/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> JSON, as report.schema.json describes it. Written as a stream, so that a
 * report of all groups needs no more memory than the diagnosis itself.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>

#include "progress.h"
#include "report.h"
#include "words.h"

struct unknown {
	char *program;
	const char *why;
};

struct report_json {
	yajl_gen gen;
	FILE *to;
	unsigned reports;
	struct unknown *unknown;
	unsigned unknown_count;
	struct pool scratch; /* of one report */
};

static void put_text(struct report_json *j, const char *text)
{
	text = words_utf8(&j->scratch, text ? text : "");
	yajl_gen_string(j->gen, (const unsigned char *)text, strlen(text));
}

static void put_key(struct report_json *j, const char *key)
{
	yajl_gen_string(j->gen, (const unsigned char *)key, strlen(key));
}

static void put_member(struct report_json *j, const char *key, const char *text)
{
	put_key(j, key);
	if (text)
		put_text(j, text);
	else
		yajl_gen_null(j->gen);
}

static void put_number(struct report_json *j, const char *key, double number)
{
	char text[32];

	put_key(j, key);
	snprintf(text, sizeof(text), "%.0f", number);
	yajl_gen_number(j->gen, text, strlen(text));
}

static void put_seconds(struct report_json *j, const char *key, uint64_t us)
{
	char text[48];

	put_key(j, key);
	snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	yajl_gen_number(j->gen, text, strlen(text));
}

static void put_bool(struct report_json *j, const char *key, bool value)
{
	put_key(j, key);
	yajl_gen_bool(j->gen, value);
}

static void put_frame(struct report_json *j, const struct place *place, unsigned i)
{
	const struct frame *frame = &place->frames[i];
	char offset[24];

	snprintf(offset, sizeof(offset), "0x%" PRIx64, place->offset);
	yajl_gen_map_open(j->gen);
	put_member(j, "function", frame->function);
	put_member(j, "file", frame->file);
	put_key(j, "line");
	if (frame->file)
		yajl_gen_integer(j->gen, frame->line);
	else
		yajl_gen_null(j->gen);
	put_member(j, "module", place->module ? place->module->path : NULL);
	put_member(j, "offset", offset);
	put_bool(j, "inlined", frame->is_inlined);
	yajl_gen_map_close(j->gen);
}

static void put_stack(struct report_json *j, const char *key, const struct stack *stack)
{
	put_key(j, key);
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < stack->depth; i++)
		for (unsigned k = 0; k < stack->places[i]->count; k++)
			put_frame(j, stack->places[i], k);
	yajl_gen_array_close(j->gen);
}

static void put_records(struct report_json *j, const struct leak *leak)
{
	put_key(j, "records");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->record_count; i++) {
		const struct record *record = &leak->records[i];

		yajl_gen_map_open(j->gen);
		put_member(j, "op", record->op);
		put_member(j, "function", record->function);
		put_number(j, "count", (double)record->count);
		put_number(j, "merged", (double)record->merged);
		put_member(j, "thread", record->thread->main ? "main" : record->thread->name);
		put_seconds(j, "age", record->age_us);
		put_member(j, "hint", record->hint);
		put_stack(j, "stack", &record->stack);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
	put_number(j, "records_left_out", (double)leak->records_left_out);
}

static void put_held(struct report_json *j, const struct model *m, const struct leak *leak)
{
	put_key(j, "held");
	if (leak->class != CLASS_HELD || m->resources[leak->resource - 1].java) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_number(j, "references", m->resources[leak->resource - 1].cut_count);
	put_number(j, "pointers", m->resources[leak->resource - 1].cut_pointers);
	yajl_gen_map_close(j->gen);
}

static void put_balance(struct report_json *j, const struct leak *leak)
{
	put_key(j, "balance");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->balance_count; i++) {
		const struct balance *b = &leak->balance[i];

		yajl_gen_map_open(j->gen);
		put_member(j, "function", b->function);
		put_number(j, "change", (double)b->change);
		put_key(j, "at");
		put_frame(j, b->place, 0);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
	put_number(j, "balance_left_out", (double)leak->balance_left_out);
}

static void put_thread(struct report_json *j, const struct thread *thread)
{
	yajl_gen_map_open(j->gen);
	put_number(j, "tid", thread->tid);
	put_member(j, "name", thread->name);
	put_bool(j, "main", thread->main);
	yajl_gen_map_close(j->gen);
}

static void put_threads(struct report_json *j, const struct model *m, const struct leak *leak)
{
	put_key(j, "threads");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->thread_count; i++)
		put_thread(j, &m->threads[leak->threads[i]]);
	yajl_gen_array_close(j->gen);
}

static uint64_t age(const struct model *m, uint64_t born_us)
{
	return m->now_us > born_us ? m->now_us - born_us : 0;
}

static void put_line(struct report_json *j, const char *key, unsigned line)
{
	put_key(j, key);
	if (line)
		yajl_gen_integer(j->gen, line);
	else
		yajl_gen_null(j->gen);
}

static void put_missing_release(struct report_json *j, const struct missing_release *missing)
{
	char offset[24];

	put_key(j, "missing_release");
	if (!missing) {
		yajl_gen_null(j->gen);
		return;
	}
	snprintf(offset, sizeof(offset), "0x%" PRIx64, missing->offset);
	yajl_gen_map_open(j->gen);
	put_member(j, "function", missing->function);
	put_member(j, "file", missing->file);
	put_line(j, "line", missing->file ? missing->line : 0);
	put_line(j, "last_line", missing->file ? missing->last_line : 0);
	put_member(j, "module", missing->module);
	put_member(j, "offset", missing->module ? offset : NULL);
	yajl_gen_map_close(j->gen);
}

static void put_usually(struct report_json *j, const struct explanation *e)
{
	put_key(j, "usually_released_at");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; e->usually && i < e->usually_count; i++) {
		const struct frame *frame = &e->usually[i].place->frames[0];

		yajl_gen_map_open(j->gen);
		put_member(j, "function", frame->function);
		put_member(j, "file", frame->file);
		put_line(j, "line", frame->file ? frame->line : 0);
		put_number(j, "count", (double)e->usually[i].count);
		put_key(j, "share");
		yajl_gen_double(j->gen, e->usually[i].share);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_holder(struct report_json *j, const struct holder *h)
{
	put_key(j, "last_held_by");
	if (!h || !h->what) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_member(j, "what", h->what);
	put_member(j, "function", h->function);
	put_member(j, "symbol", h->symbol);
	put_key(j, "created_at");
	if (h->created_at)
		put_frame(j, h->created_at, 0);
	else
		yajl_gen_null(j->gen);
	put_number(j, "offset", (double)h->offset);
	put_member(j, "until", h->until);
	yajl_gen_map_close(j->gen);
}

static void put_lifetime(struct report_json *j, const struct lifetime *l)
{
	put_key(j, "lifetime");
	if (!l) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_number(j, "count", (double)l->count);
	put_seconds(j, "p50", l->p50_us);
	put_seconds(j, "p99", l->p99_us);
	put_seconds(j, "max", l->max_us);
	yajl_gen_map_close(j->gen);
}

static void put_explanation(struct report_json *j, enum cause cause, const struct explanation *e)
{
	put_member(j, "cause", words_cause(cause));
	put_key(j, "explanation");
	if (!e) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_member(j, "confidence", words_confidence(e->confidence));
	put_missing_release(j, e->missing);
	put_key(j, "because");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; e->because && i < e->because_count; i++)
		put_text(j, e->because[i]);
	yajl_gen_array_close(j->gen);
	put_usually(j, e);
	put_holder(j, e->last_held_by);
	put_lifetime(j, e->lifetime);
	put_member(j, "advice", e->advice);
	yajl_gen_map_close(j->gen);
}

static void put_part(struct report_json *j, const char *key, const struct part *part)
{
	put_key(j, key);
	yajl_gen_map_open(j->gen);
	put_number(j, "count", part->count);
	put_number(j, "bytes", part->bytes);
	yajl_gen_map_close(j->gen);
}

static void put_lost(struct report_json *j, const struct leak *leak)
{
	put_key(j, "lost");
	yajl_gen_map_open(j->gen);
	put_part(j, "definite", &leak->definite);
	put_part(j, "indirect", &leak->hanging);
	put_part(j, "possible", &leak->possible);
	put_part(j, "on_possible", &leak->uncertain);
	yajl_gen_map_close(j->gen);
	put_member(j, "hangs_on", leak->on ? leak->on->fingerprint : NULL);
}

static void put_hangers(struct report_json *j, const struct leak *leak)
{
	put_key(j, "hang_on_it");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->hanger_count && i < HANGERS_SHOWN; i++) {
		yajl_gen_map_open(j->gen);
		put_member(j, "fingerprint", leak->hangers[i].leak->fingerprint);
		put_number(j, "count", leak->hangers[i].part.count);
		put_number(j, "bytes", leak->hangers[i].part.bytes);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_cycle(struct report_json *j, const struct leak *leak)
{
	put_key(j, "cycles");
	yajl_gen_map_open(j->gen);
	put_number(j, "count", leak->cycle.count);
	put_key(j, "example");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->cycle.link_count; i++) {
		const struct link *link = &leak->cycle.links[i];

		yajl_gen_map_open(j->gen);
		put_member(j, "type", link->type);
		put_stack(j, "created_at", link->stack);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
	yajl_gen_map_close(j->gen);
}

static void put_example(struct report_json *j, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	put_member(j, "example", address ? text : NULL);
}

static void put_leak(struct report_json *j, const struct model *m, const struct leak *leak)
{
	yajl_gen_map_open(j->gen);
	put_member(j, "type", leak->type);
	put_member(j, "release", leak->release);
	put_member(j, "scope", leak->scope);
	put_member(j, "class", words_class(leak->class));
	put_number(j, "count", leak->count);
	put_number(j, "bytes", leak->bytes);
	put_bool(j, "estimate", leak->is_estimate);
	put_number(j, "confirmed", leak->confirmed);
	put_number(j, "doubtful", leak->doubtful);
	put_member(j, "not_followed", leak->unsure ? leak->unsure->symbol : NULL);
	put_lost(j, leak);
	put_key(j, "dragged");
	yajl_gen_map_open(j->gen);
	put_number(j, "count", leak->dragged_count);
	put_number(j, "bytes", leak->dragged_bytes);
	yajl_gen_map_close(j->gen);
	put_hangers(j, leak);
	put_cycle(j, leak);
	put_example(j, leak->example);
	put_member(j, "fingerprint", leak->fingerprint);
	put_member(j, "baseline", words_standing(leak->standing));
	put_explanation(j, leak->cause, leak->explanation);
	put_seconds(j, "oldest_age", age(m, leak->oldest_us));
	put_seconds(j, "newest_age", age(m, leak->newest_us));
	put_number(j, "ever", (double)leak->ever_blocks);
	put_number(j, "peak_bytes", (double)leak->peak);
	put_threads(j, m, leak);
	put_number(j, "processes", leak->process_count ? leak->process_count : 1);
	put_key(j, "created_by");
	if (leak->maker)
		put_frame(j, leak->maker, 0);
	else
		yajl_gen_null(j->gen);
	put_stack(j, "created_at", &leak->stack);
	put_bool(j, "stack_cut", leak->stack.is_cut);
	put_bool(j, "stack_lost", leak->stack.is_lost);
	put_held(j, m, leak);
	put_records(j, leak);
	put_balance(j, leak);
	yajl_gen_map_close(j->gen);
}

static void put_mismatch(struct report_json *j, const struct model *m,
			 const struct mismatch *mismatch)
{
	put_member(j, "kind", "mismatch");
	put_member(j, "made_by", words_family(mismatch->made_by));
	put_member(j, "released_by", mismatch->released_by == FAMILY_MALLOC ? "free()"
				     : mismatch->released_by == FAMILY_NEW  ? "operator delete"
									     : "operator delete[]");
	put_number(j, "count", (double)mismatch->count);
	put_number(j, "bytes", (double)mismatch->bytes);
	put_seconds(j, "oldest_age", age(m, mismatch->first_us));
	put_seconds(j, "newest_age", age(m, mismatch->last_us));
	put_key(j, "thread");
	put_thread(j, &m->threads[mismatch->thread]);
}

static void put_misuse(struct report_json *j, const struct model *m, const struct misuse *misuse)
{
	put_member(j, "kind", words_wrong(misuse->kind));
	put_member(j, "type", m->types[misuse->type].name);
	put_member(j, "function", words_misuser(m, misuse));
	put_key(j, "resource_count");
	yajl_gen_integer(j->gen, misuse->type ? misuse->count : 0);
	put_number(j, "count", (double)misuse->times);
	put_number(j, "bytes", 0);
	put_seconds(j, "oldest_age", age(m, misuse->first_us));
	put_seconds(j, "newest_age", age(m, misuse->last_us));
	put_key(j, "thread");
	put_thread(j, &m->threads[misuse->thread]);
}

static void put_finding(struct report_json *j, const struct model *m, const struct finding *finding)
{
	yajl_gen_map_open(j->gen);
	if (finding->misuse)
		put_misuse(j, m, finding->misuse);
	else
		put_mismatch(j, m, finding->mismatch);
	put_member(j, "fingerprint", finding->fingerprint);
	put_explanation(j, finding->cause, finding->explanation);
	put_stack(j, finding->misuse ? "done_at" : "released_at", &finding->done);
	if (finding->ended.depth)
		put_stack(j, "ended_at", &finding->ended);
	put_stack(j, "created_at", &finding->created);
	yajl_gen_map_close(j->gen);
}

static void put_total(struct report_json *j, const struct class_total *total)
{
	put_number(j, "groups", total->groups);
	put_number(j, "blocks", total->blocks);
	put_number(j, "bytes", total->bytes);
}

static void put_drops(struct report_json *j, const struct model *m)
{
	put_key(j, "drops");
	yajl_gen_map_open(j->gen);
	for (unsigned i = 0; i < MODEL_DROPS; i++) {
		char key[24];

		if (!m->drops[i])
			continue;
		snprintf(key, sizeof(key), "reason_%u", i);
		put_number(j, words_drop_key(i) ? words_drop_key(i) : key, (double)m->drops[i]);
	}
	yajl_gen_map_close(j->gen);
}

static void put_unread(struct report_json *j, const struct scan *scan)
{
	put_key(j, "unread");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < scan->unread_count; i++) {
		const struct unread *u = &scan->unread[i];
		char start[24];

		yajl_gen_map_open(j->gen);
		put_member(j, "kind", words_unread_key(u->kind));
		put_member(j, "name", u->name);
		snprintf(start, sizeof(start), "0x%" PRIx64, u->start);
		put_member(j, "start", u->start ? start : NULL);
		put_number(j, "bytes", (double)u->bytes);
		put_number(j, "ranges", u->ranges);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_scan(struct report_json *j, const struct model *m)
{
	const struct scan *scan = &m->scan;

	put_key(j, "scan");
	if (!scan->is_tried) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_bool(j, "done", scan->is_done);
	put_member(j, "failure", scan->failure);
	if (scan->is_done) {
		put_bool(j, "at_end", scan->is_at_end);
		put_seconds(j, "age", age(m, scan->time_us));
		put_seconds(j, "took", scan->took_us);
		put_seconds(j, "pause", scan->pause_us);
		put_seconds(j, "pause_median", scan->median_us);
		put_seconds(j, "pause_worst", scan->worst_us);
		put_seconds(j, "predicted", scan->predicted_us);
		put_bool(j, "shared", scan->is_shared);
		put_number(j, "threads", scan->threads);
		put_number(j, "unstable_threads", scan->unstable);
		put_member(j, "roots_missing", scan->missing);
		put_number(j, "doubtful", scan->doubtful);
		put_unread(j, scan);
	}
	yajl_gen_map_close(j->gen);
}

static void put_filter(struct report_json *j, const struct model *m)
{
	const struct filter *f = &m->filter;

	put_key(j, "filter");
	if (!f->is_seen && !f->own_call) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_bool(j, "seen", f->is_seen);
	put_bool(j, "opaque", f->is_opaque);
	put_number(j, "left_out", (double)f->left_out);
	put_member(j, "calls", f->calls);
	put_member(j, "own_call", f->own_call);
	yajl_gen_map_close(j->gen);
}

static void put_pools(struct report_json *j, const struct java_pools *pools)
{
	put_key(j, "pools");
	yajl_gen_map_open(j->gen);
	put_number(j, "chunks", (double)pools->chunks);
	put_number(j, "bytes", (double)pools->bytes);
	put_number(j, "buffers", (double)pools->buffers);
	put_number(j, "used_bytes", (double)pools->used);
	yajl_gen_map_close(j->gen);
}

static void put_java(struct report_json *j, const struct report *r)
{
	const struct java_vm *vm = &r->model->java;

	put_key(j, "java");
	if (vm->status == JAVA_NONE) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_member(j, "status", vm->status == JAVA_FOLLOWED ? "followed" : vm->status == JAVA_DECLINED ? "declined" : "switched-off");
	put_member(j, "version", vm->version);
	put_member(j, "reason", *vm->reason ? vm->reason : vm->walk_failure);
	put_bool(j, "walked", vm->is_walked);
	put_number(j, "walk_objects", vm->walk_objects);
	put_seconds(j, "walk_took", vm->walk_took_us);
	put_number(j, "classes", (double)vm->classes);
	put_number(j, "classes_left", (double)vm->untouched);
	put_pools(j, &r->diagnosis->pools);
	yajl_gen_map_close(j->gen);
}

static void put_largest(struct report_json *j, const struct largest *l)
{
	put_key(j, "largest_reachable");
	if (!l->makers) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	put_number(j, "count", l->count);
	put_number(j, "bytes", l->bytes);
	put_member(j, "made_by", l->makers);
	yajl_gen_map_close(j->gen);
}

static void put_summary(struct report_json *j, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;

	put_key(j, "summary");
	yajl_gen_map_open(j->gen);
	put_total(j, &d->shown);
	put_bool(j, "estimate", r->model->is_sampled);
	put_key(j, "classes");
	yajl_gen_map_open(j->gen);
	for (unsigned class = 0; class < CLASSES; class++) {
		put_key(j, words_class((enum leak_class)class));
		yajl_gen_map_open(j->gen);
		put_total(j, &d->totals[class]);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_map_close(j->gen);
	put_largest(j, &d->largest);
	put_scan(j, r->model);
	put_filter(j, r->model);
	put_java(j, r);
	put_member(j, "end", words_ending(r->model->ending));
	put_key(j, "end_detail");
	if (r->model->is_detail_unknown)
		yajl_gen_null(j->gen);
	else
		yajl_gen_integer(j->gen, r->model->ending_detail);
	put_bool(j, "running", r->model->ending == ENDING_RUNNING);
	put_bool(j, "complete", d->is_complete);
	put_member(j, "nothing_known", d->blind);
	put_drops(j, r->model);
	put_member(j, "stopped", r->model->is_stopped ? r->model->stop_reason : NULL);
	yajl_gen_map_close(j->gen);
}

/* Of a merged trace. */
static void put_processes(struct report_json *j, const struct model *m)
{
	put_key(j, "merged_from");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 1; i < m->process_count; i++) {
		const struct process *one = &m->processes[i];

		yajl_gen_map_open(j->gen);
		put_number(j, "pid", one->pid);
		put_member(j, "name", one->program);
		put_member(j, "end", words_ending(one->ending));
		put_key(j, "end_detail");
		if (one->is_detail_unknown)
			yajl_gen_null(j->gen);
		else
			yajl_gen_integer(j->gen, one->detail);
		put_bool(j, "scanned", one->is_scanned);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_program(struct report_json *j, const struct model *m)
{
	put_key(j, "program");
	yajl_gen_map_open(j->gen);
	put_member(j, "name", m->program);
	put_member(j, "executable", m->executable);
	put_number(j, "pid", m->pid);
	put_number(j, "ppid", m->ppid);
	put_bool(j, "forked", m->is_forked);
	put_member(j, "level", m->level);
	put_seconds(j, "started", m->start_realtime_ns / 1000);
	put_seconds(j, "seconds", m->now_us);
	yajl_gen_map_close(j->gen);
}

static void put_report(struct report_json *j, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;

	put_member(j, "trace", r->model->path);
	put_program(j, r->model);
	put_processes(j, r->model);
	put_summary(j, r);
	put_key(j, "leaks");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->detailed; i++) {
		progress_writing(j->to, i, d->detailed);
		put_leak(j, r->model, &d->leaks[i]);
		pool_drop(&j->scratch); /* names were copied to be made valid */
	}
	progress_end();
	yajl_gen_array_close(j->gen);
	put_key(j, "known");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->known_count; i++) {
		put_leak(j, r->model, &d->leaks[d->leak_count + i]);
		pool_drop(&j->scratch);
	}
	yajl_gen_array_close(j->gen);
	put_number(j, "leaks_left_out", d->leak_count - d->detailed);
	put_key(j, "findings");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->finding_count; i++)
		put_finding(j, r->model, &d->findings[i]);
	yajl_gen_array_close(j->gen);
	put_key(j, "probe_problems");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < r->model->problem_count; i++)
		put_text(j, r->model->problems[i]);
	yajl_gen_array_close(j->gen);
	put_key(j, "notes");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < d->note_count; i++)
		put_text(j, d->notes[i]);
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
	put_number(j, "version", 1);
	return j;
}

void report_json_add(struct report_json *j, const struct report *report)
{
	if (j->reports == 1) {
		put_key(j, "processes");
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
		put_key(j, "unknown");
		yajl_gen_array_open(j->gen);
	}
	for (unsigned i = 0; i < j->unknown_count; i++) {
		yajl_gen_map_open(j->gen);
		put_key(j, "program");
		put_text(j, j->unknown[i].program);
		put_key(j, "reason");
		put_text(j, j->unknown[i].why);
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
