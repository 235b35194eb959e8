/* SPDX-License-Identifier: MIT */
/* How much there is, and what was not seen, in JSON. */
#include "json_parts.h"

#include "words.h"

static void put_total(struct report_json *j, const struct class_total *total)
{
	json_put_number(j->to, "groups", total->groups);
	json_put_number(j->to, "blocks", total->blocks);
	json_put_number(j->to, "bytes", total->bytes);
}

static void put_drops(struct report_json *j, const struct model *m)
{
	json_put_object(j->to, "drops");
	for (unsigned i = 0; i < MODEL_DROPS; i++) {
		char key[24];

		if (!m->drops[i])
			continue;
		snprintf(key, sizeof(key), "reason_%u", i);
		json_put_number(j->to, words_drop_key(i) ? words_drop_key(i) : key, (double)m->drops[i]);
	}
	json_object_end(j->to);
}

static void put_unread(struct report_json *j, const struct scan *scan)
{
	json_put_array(j->to, "unread");
	for (uint32_t i = 0; i < scan->unread_count; i++) {
		const struct unread *u = &scan->unread[i];

		json_object(j->to);
		report_put_member(j, "kind", words_unread_key(u->kind));
		report_put_member(j, "name", u->name);
		if (u->start)
			json_put_hex(j->to, "start", u->start);
		else
			json_put_null(j->to, "start");
		json_put_number(j->to, "bytes", (double)u->bytes);
		json_put_number(j->to, "ranges", u->ranges);
		json_object_end(j->to);
	}
	json_array_end(j->to);
}

static void put_scan(struct report_json *j, const struct model *m)
{
	const struct scan *scan = &m->scan;

	if (!scan->is_tried) {
		json_put_null(j->to, "scan");
		return;
	}
	json_put_object(j->to, "scan");
	json_put_bool(j->to, "done", scan->is_done);
	report_put_member(j, "failure", scan->failure);
	if (scan->is_done) {
		json_put_bool(j->to, "at_end", scan->is_at_end);
		json_put_seconds(j->to, "age", model_age(m, scan->time_us));
		json_put_seconds(j->to, "took", scan->took_us);
		json_put_seconds(j->to, "pause", scan->pause_us);
		json_put_seconds(j->to, "pause_median", scan->median_us);
		json_put_seconds(j->to, "pause_worst", scan->worst_us);
		json_put_seconds(j->to, "pause_on_processor", scan->pause_cpu_us);
		json_put_seconds(j->to, "pause_on_processor_median", scan->median_cpu_us);
		json_put_seconds(j->to, "pause_on_processor_worst", scan->worst_cpu_us);
		json_put_number(j->to, "memory", scan->memory);
		json_put_seconds(j->to, "predicted", scan->predicted_us);
		json_put_bool(j->to, "shared", scan->is_shared);
		json_put_number(j->to, "threads", scan->threads);
		json_put_number(j->to, "unstable_threads", scan->unstable);
		report_put_member(j, "roots_missing", scan->missing);
		json_put_number(j->to, "doubtful", scan->doubtful);
		put_unread(j, scan);
	}
	json_object_end(j->to);
}

static void put_filter(struct report_json *j, const struct model *m)
{
	const struct filter *f = &m->filter;

	if (!f->is_seen && !f->own_call) {
		json_put_null(j->to, "filter");
		return;
	}
	json_put_object(j->to, "filter");
	json_put_bool(j->to, "seen", f->is_seen);
	json_put_bool(j->to, "opaque", f->is_opaque);
	json_put_number(j->to, "left_out", (double)f->left_out);
	report_put_member(j, "calls", f->calls);
	report_put_member(j, "own_call", f->own_call);
	json_object_end(j->to);
}

static void put_pools(struct report_json *j, const struct java_pools *pools)
{
	json_put_object(j->to, "pools");
	json_put_number(j->to, "chunks", (double)pools->chunks);
	json_put_number(j->to, "bytes", (double)pools->bytes);
	json_put_number(j->to, "buffers", (double)pools->buffers);
	json_put_number(j->to, "used_bytes", (double)pools->used);
	json_object_end(j->to);
}

static void put_java(struct report_json *j, const struct report *r)
{
	const struct java_vm *vm = &r->model->java;

	if (vm->status == JAVA_NONE) {
		json_put_null(j->to, "java");
		return;
	}
	json_put_object(j->to, "java");
	report_put_member(j, "status", vm->status == JAVA_FOLLOWED ? "followed" : vm->status == JAVA_DECLINED ? "declined" : "switched-off");
	report_put_member(j, "version", vm->version);
	report_put_member(j, "reason", *vm->reason ? vm->reason : vm->walk_failure);
	json_put_bool(j->to, "walked", vm->is_walked);
	json_put_number(j->to, "walk_objects", vm->walk_objects);
	json_put_seconds(j->to, "walk_took", vm->walk_took_us);
	json_put_number(j->to, "classes", (double)vm->classes);
	json_put_number(j->to, "classes_left", (double)vm->untouched);
	put_pools(j, &r->diagnosis->pools);
	json_object_end(j->to);
}

static void put_largest(struct report_json *j, const struct largest *l)
{
	if (!l->makers) {
		json_put_null(j->to, "largest_reachable");
		return;
	}
	json_put_object(j->to, "largest_reachable");
	json_put_number(j->to, "count", l->count);
	json_put_number(j->to, "bytes", l->bytes);
	report_put_member(j, "made_by", l->makers);
	json_object_end(j->to);
}

static void put_growth(struct report_json *j, const struct model *m, const struct growth *g)
{
	if (m->process_count || (m->ending != ENDING_RUNNING && m->ending != ENDING_SNAPSHOT && !g->is_judged)) {
		json_put_null(j->to, "growth");
		return;
	}
	json_put_object(j->to, "growth");
	json_put_real(j->to, "bytes_a_minute", g->bytes_a_minute);
	report_put_member(j, "most", *g->most ? g->most : NULL);
	if (g->is_judged)
		json_put_real(j->to, "allowed", g->allowed);
	else
		json_put_null(j->to, "allowed");
	json_put_bool(j->to, "too_fast", g->is_too_fast);
	json_object_end(j->to);
}

void report_put_summary(struct report_json *j, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;

	json_put_object(j->to, "summary");
	put_total(j, &d->shown);
	json_put_bool(j->to, "estimate", r->model->is_sampled);
	json_put_object(j->to, "classes");
	for (unsigned class = 0; class < CLASSES; class++) {
		json_put_object(j->to, words_class((enum leak_class)class));
		put_total(j, &d->totals[class]);
		json_object_end(j->to);
	}
	json_object_end(j->to);
	put_largest(j, &d->largest);
	put_growth(j, r->model, &d->growth);
	put_scan(j, r->model);
	put_filter(j, r->model);
	put_java(j, r);
	report_put_member(j, "end", words_ending(r->model->ending));
	if (r->model->is_detail_unknown)
		json_put_null(j->to, "end_detail");
	else
		json_put_integer(j->to, "end_detail", r->model->ending_detail);
	json_put_bool(j->to, "running", r->model->ending == ENDING_RUNNING);
	json_put_bool(j->to, "complete", d->is_complete);
	report_put_member(j, "nothing_known", d->blind);
	report_put_member(j, "not_classified", d->unclassified);
	put_drops(j, r->model);
	report_put_member(j, "stopped", r->model->is_stopped ? r->model->stop_reason : NULL);
	json_object_end(j->to);
}
