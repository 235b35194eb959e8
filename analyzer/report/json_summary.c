/* SPDX-License-Identifier: MIT */
/* How much there is, and what was not seen, in JSON. */
#include "json_parts.h"

#include <inttypes.h>

#include "words.h"

static void put_total(struct report_json *j, const struct class_total *total)
{
	report_put_number(j, "groups", total->groups);
	report_put_number(j, "blocks", total->blocks);
	report_put_number(j, "bytes", total->bytes);
}

static void put_drops(struct report_json *j, const struct model *m)
{
	report_put_key(j, "drops");
	yajl_gen_map_open(j->gen);
	for (unsigned i = 0; i < MODEL_DROPS; i++) {
		char key[24];

		if (!m->drops[i])
			continue;
		snprintf(key, sizeof(key), "reason_%u", i);
		report_put_number(j, words_drop_key(i) ? words_drop_key(i) : key, (double)m->drops[i]);
	}
	yajl_gen_map_close(j->gen);
}

static void put_unread(struct report_json *j, const struct scan *scan)
{
	report_put_key(j, "unread");
	yajl_gen_array_open(j->gen);
	for (uint32_t i = 0; i < scan->unread_count; i++) {
		const struct unread *u = &scan->unread[i];
		char start[24];

		yajl_gen_map_open(j->gen);
		report_put_member(j, "kind", words_unread_key(u->kind));
		report_put_member(j, "name", u->name);
		snprintf(start, sizeof(start), "0x%" PRIx64, u->start);
		report_put_member(j, "start", u->start ? start : NULL);
		report_put_number(j, "bytes", (double)u->bytes);
		report_put_number(j, "ranges", u->ranges);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_scan(struct report_json *j, const struct model *m)
{
	const struct scan *scan = &m->scan;

	report_put_key(j, "scan");
	if (!scan->is_tried) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_bool(j, "done", scan->is_done);
	report_put_member(j, "failure", scan->failure);
	if (scan->is_done) {
		report_put_bool(j, "at_end", scan->is_at_end);
		report_put_seconds(j, "age", report_age(m, scan->time_us));
		report_put_seconds(j, "took", scan->took_us);
		report_put_seconds(j, "pause", scan->pause_us);
		report_put_seconds(j, "pause_median", scan->median_us);
		report_put_seconds(j, "pause_worst", scan->worst_us);
		report_put_seconds(j, "predicted", scan->predicted_us);
		report_put_bool(j, "shared", scan->is_shared);
		report_put_number(j, "threads", scan->threads);
		report_put_number(j, "unstable_threads", scan->unstable);
		report_put_member(j, "roots_missing", scan->missing);
		report_put_number(j, "doubtful", scan->doubtful);
		put_unread(j, scan);
	}
	yajl_gen_map_close(j->gen);
}

static void put_filter(struct report_json *j, const struct model *m)
{
	const struct filter *f = &m->filter;

	report_put_key(j, "filter");
	if (!f->is_seen && !f->own_call) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_bool(j, "seen", f->is_seen);
	report_put_bool(j, "opaque", f->is_opaque);
	report_put_number(j, "left_out", (double)f->left_out);
	report_put_member(j, "calls", f->calls);
	report_put_member(j, "own_call", f->own_call);
	yajl_gen_map_close(j->gen);
}

static void put_pools(struct report_json *j, const struct java_pools *pools)
{
	report_put_key(j, "pools");
	yajl_gen_map_open(j->gen);
	report_put_number(j, "chunks", (double)pools->chunks);
	report_put_number(j, "bytes", (double)pools->bytes);
	report_put_number(j, "buffers", (double)pools->buffers);
	report_put_number(j, "used_bytes", (double)pools->used);
	yajl_gen_map_close(j->gen);
}

static void put_java(struct report_json *j, const struct report *r)
{
	const struct java_vm *vm = &r->model->java;

	report_put_key(j, "java");
	if (vm->status == JAVA_NONE) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_member(j, "status", vm->status == JAVA_FOLLOWED ? "followed" : vm->status == JAVA_DECLINED ? "declined" : "switched-off");
	report_put_member(j, "version", vm->version);
	report_put_member(j, "reason", *vm->reason ? vm->reason : vm->walk_failure);
	report_put_bool(j, "walked", vm->is_walked);
	report_put_number(j, "walk_objects", vm->walk_objects);
	report_put_seconds(j, "walk_took", vm->walk_took_us);
	report_put_number(j, "classes", (double)vm->classes);
	report_put_number(j, "classes_left", (double)vm->untouched);
	put_pools(j, &r->diagnosis->pools);
	yajl_gen_map_close(j->gen);
}

static void put_largest(struct report_json *j, const struct largest *l)
{
	report_put_key(j, "largest_reachable");
	if (!l->makers) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_number(j, "count", l->count);
	report_put_number(j, "bytes", l->bytes);
	report_put_member(j, "made_by", l->makers);
	yajl_gen_map_close(j->gen);
}

void report_put_summary(struct report_json *j, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;

	report_put_key(j, "summary");
	yajl_gen_map_open(j->gen);
	put_total(j, &d->shown);
	report_put_bool(j, "estimate", r->model->is_sampled);
	report_put_key(j, "classes");
	yajl_gen_map_open(j->gen);
	for (unsigned class = 0; class < CLASSES; class++) {
		report_put_key(j, words_class((enum leak_class)class));
		yajl_gen_map_open(j->gen);
		put_total(j, &d->totals[class]);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_map_close(j->gen);
	put_largest(j, &d->largest);
	put_scan(j, r->model);
	put_filter(j, r->model);
	put_java(j, r);
	report_put_member(j, "end", words_ending(r->model->ending));
	report_put_key(j, "end_detail");
	if (r->model->is_detail_unknown)
		yajl_gen_null(j->gen);
	else
		yajl_gen_integer(j->gen, r->model->ending_detail);
	report_put_bool(j, "running", r->model->ending == ENDING_RUNNING);
	report_put_bool(j, "complete", d->is_complete);
	report_put_member(j, "nothing_known", d->blind);
	put_drops(j, r->model);
	report_put_member(j, "stopped", r->model->is_stopped ? r->model->stop_reason : NULL);
	yajl_gen_map_close(j->gen);
}
