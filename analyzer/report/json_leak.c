/* SPDX-License-Identifier: MIT */
/* A group of what was lost, and a wrong use, in JSON. */
#include "json_parts.h"

#include <stdlib.h>

#include "words.h"

void report_put_records(struct report_json *j, const struct leak *leak)
{
	json_put_array(j->to, "records");
	for (unsigned i = 0; i < leak->record_count; i++) {
		const struct record *record = &leak->records[i];

		json_object(j->to);
		report_put_member(j, "op", record->op);
		report_put_member(j, "function", record->function);
		json_put_number(j->to, "count", (double)record->count);
		json_put_number(j->to, "merged", (double)record->merged);
		report_put_member(j, "thread", record->thread->main ? "main" : record->thread->name);
		json_put_seconds(j->to, "age", record->age_us);
		report_put_member(j, "hint", record->hint);
		report_put_stack(j, "stack", &record->stack);
		json_object_end(j->to);
	}
	json_array_end(j->to);
	json_put_number(j->to, "records_left_out", (double)leak->records_left_out);
}

static void put_held(struct report_json *j, const struct model *m, const struct leak *leak)
{
	if (leak->class != CLASS_HELD || m->resources[leak->resource - 1].java) {
		json_put_null(j->to, "held");
		return;
	}
	json_put_object(j->to, "held");
	json_put_number(j->to, "references", m->resources[leak->resource - 1].cut_count);
	json_put_number(j->to, "pointers", m->resources[leak->resource - 1].cut_pointers);
	json_object_end(j->to);
}

static void put_balance(struct report_json *j, const struct leak *leak)
{
	json_put_array(j->to, "balance");
	for (unsigned i = 0; i < leak->balance_count; i++) {
		const struct balance *b = &leak->balance[i];

		json_object(j->to);
		report_put_member(j, "function", b->function);
		json_put_number(j->to, "change", (double)b->change);
		json_key(j->to, "at");
		report_put_frame(j, b->place, 0);
		json_object_end(j->to);
	}
	json_array_end(j->to);
	json_put_number(j->to, "balance_left_out", (double)leak->balance_left_out);
}

static void put_threads(struct report_json *j, const struct model *m, const struct leak *leak)
{
	json_put_array(j->to, "threads");
	for (unsigned i = 0; i < leak->thread_count; i++)
		report_put_thread(j, &m->threads[leak->threads[i]]);
	json_array_end(j->to);
}

static void put_part(struct report_json *j, const char *key, const struct part *part)
{
	json_put_object(j->to, key);
	json_put_number(j->to, "count", part->count);
	json_put_number(j->to, "bytes", part->bytes);
	json_object_end(j->to);
}

static void put_lost(struct report_json *j, const struct leak *leak)
{
	json_put_object(j->to, "lost");
	put_part(j, "definite", &leak->definite);
	put_part(j, "indirect", &leak->hanging);
	put_part(j, "possible", &leak->possible);
	put_part(j, "on_possible", &leak->uncertain);
	json_object_end(j->to);
	report_put_member(j, "hangs_on", leak->on ? leak->on->fingerprint : NULL);
}

static void put_hangers(struct report_json *j, const struct leak *leak)
{
	json_put_array(j->to, "hang_on_it");
	for (unsigned i = 0; i < leak->hanger_count && i < HANGERS_SHOWN; i++) {
		json_object(j->to);
		report_put_member(j, "fingerprint", leak->hangers[i].leak->fingerprint);
		json_put_number(j->to, "count", leak->hangers[i].part.count);
		json_put_number(j->to, "bytes", leak->hangers[i].part.bytes);
		json_object_end(j->to);
	}
	json_array_end(j->to);
}

static void put_cycle(struct report_json *j, const struct leak *leak)
{
	json_put_object(j->to, "cycles");
	json_put_number(j->to, "count", leak->cycle.count);
	json_put_array(j->to, "example");
	for (unsigned i = 0; i < leak->cycle.link_count; i++) {
		const struct link *link = &leak->cycle.links[i];

		json_object(j->to);
		report_put_member(j, "type", link->type);
		report_put_stack(j, "created_at", link->stack);
		json_object_end(j->to);
	}
	json_array_end(j->to);
	json_object_end(j->to);
}

static void put_python_frame(struct report_json *j, const struct python_frame *frame)
{
	json_object(j->to);
	report_put_member(j, "function", frame->function);
	report_put_member(j, "file", frame->file);
	report_put_line(j, "line", frame->line);
	json_object_end(j->to);
}

/* Where Python code made them, as far as that was looked at. */
static void put_python(struct report_json *j, const struct python *p)
{
	if (!p) {
		json_put_null(j->to, "python");
		return;
	}
	json_put_object(j->to, "python");
	json_put_number(j->to, "looked_at", (double)p->looked_at);
	json_put_bool(j->to, "of_these", p->is_of_these);
	json_put_array(j->to, "stacks");
	for (unsigned i = 0; i < p->count; i++) {
		json_object(j->to);
		json_put_number(j->to, "count", (double)p->stacks[i].count);
		json_put_array(j->to, "frames");
		for (unsigned k = 0; k < p->stacks[i].depth; k++)
			put_python_frame(j, p->stacks[i].frames[k]);
		json_array_end(j->to);
		json_object_end(j->to);
	}
	json_array_end(j->to);
	json_object_end(j->to);
}

void report_put_leak(struct report_json *j, const struct model *m, const struct leak *leak)
{
	json_object(j->to);
	report_put_member(j, "type", leak->type);
	report_put_member(j, "release", leak->release);
	report_put_member(j, "scope", leak->scope);
	report_put_member(j, "class", words_class(leak->class));
	json_put_number(j->to, "count", leak->count);
	json_put_number(j->to, "bytes", leak->bytes);
	json_put_bool(j->to, "estimate", leak->is_estimate);
	json_put_number(j->to, "confirmed", leak->confirmed);
	json_put_number(j->to, "doubtful", leak->doubtful);
	report_put_member(j, "not_followed", leak->unsure ? leak->unsure->symbol : NULL);
	put_lost(j, leak);
	json_put_object(j->to, "dragged");
	json_put_number(j->to, "count", leak->dragged_count);
	json_put_number(j->to, "bytes", leak->dragged_bytes);
	json_object_end(j->to);
	put_hangers(j, leak);
	put_cycle(j, leak);
	if (leak->example)
		json_put_hex(j->to, "example", leak->example);
	else
		json_put_null(j->to, "example");
	report_put_member(j, "fingerprint", leak->fingerprint);
	report_put_member(j, "baseline", words_standing(leak->standing));
	report_put_explanation(j, leak->cause, leak->explanation);
	json_put_seconds(j->to, "oldest_age", model_age(m, leak->oldest_us));
	json_put_seconds(j->to, "newest_age", model_age(m, leak->newest_us));
	json_put_number(j->to, "ever", (double)leak->ever_blocks);
	json_put_number(j->to, "peak_bytes", (double)leak->peak);
	put_threads(j, m, leak);
	json_put_number(j->to, "processes", leak->process_count ? leak->process_count : 1);
	json_key(j->to, "created_by");
	if (leak->maker)
		report_put_frame(j, leak->maker, 0);
	else
		json_null(j->to);
	report_put_stack(j, "created_at", &leak->stack);
	json_put_bool(j->to, "stack_cut", leak->stack.is_cut);
	json_put_bool(j->to, "stack_lost", leak->stack.is_lost);
	put_python(j, leak->python);
	put_held(j, m, leak);
	report_put_records(j, leak);
	put_balance(j, leak);
	json_object_end(j->to);
}

static void put_mismatch(struct report_json *j, const struct model *m,
			 const struct mismatch *mismatch)
{
	report_put_member(j, "kind", "mismatch");
	report_put_member(j, "made_by", words_family(mismatch->made_by));
	report_put_member(j, "released_by", mismatch->released_by == FAMILY_MALLOC ? "free()"
				     : mismatch->released_by == FAMILY_NEW  ? "operator delete"
									     : "operator delete[]");
	json_put_number(j->to, "count", (double)mismatch->count);
	json_put_number(j->to, "bytes", (double)mismatch->bytes);
	json_put_seconds(j->to, "oldest_age", model_age(m, mismatch->first_us));
	json_put_seconds(j->to, "newest_age", model_age(m, mismatch->last_us));
	json_key(j->to, "thread");
	report_put_thread(j, &m->threads[mismatch->thread]);
}

static void put_misuse(struct report_json *j, const struct model *m, const struct misuse *misuse)
{
	report_put_member(j, "kind", words_wrong(misuse->kind));
	report_put_member(j, "type", m->types[misuse->type].name);
	report_put_member(j, "function", words_misuser(m, misuse));
	json_put_integer(j->to, "resource_count", misuse->type ? misuse->count : 0);
	json_put_number(j->to, "count", (double)misuse->times);
	json_put_number(j->to, "bytes", 0);
	json_put_seconds(j->to, "oldest_age", model_age(m, misuse->first_us));
	json_put_seconds(j->to, "newest_age", model_age(m, misuse->last_us));
	json_key(j->to, "thread");
	report_put_thread(j, &m->threads[misuse->thread]);
}

void report_put_finding(struct report_json *j, const struct model *m, const struct finding *finding)
{
	json_object(j->to);
	if (finding->misuse)
		put_misuse(j, m, finding->misuse);
	else
		put_mismatch(j, m, finding->mismatch);
	report_put_member(j, "fingerprint", finding->fingerprint);
	report_put_explanation(j, finding->cause, finding->explanation);
	report_put_stack(j, finding->misuse ? "done_at" : "released_at", &finding->done);
	if (finding->ended.depth)
		report_put_stack(j, "ended_at", &finding->ended);
	report_put_stack(j, "created_at", &finding->created);
	json_object_end(j->to);
}
