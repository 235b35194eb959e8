/* SPDX-License-Identifier: MIT */
/* A group of what was lost, and a wrong use, in JSON. */
#include "json_parts.h"

#include <inttypes.h>
#include <stdlib.h>

#include "words.h"

static void put_records(struct report_json *j, const struct leak *leak)
{
	report_put_key(j, "records");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->record_count; i++) {
		const struct record *record = &leak->records[i];

		yajl_gen_map_open(j->gen);
		report_put_member(j, "op", record->op);
		report_put_member(j, "function", record->function);
		report_put_number(j, "count", (double)record->count);
		report_put_number(j, "merged", (double)record->merged);
		report_put_member(j, "thread", record->thread->main ? "main" : record->thread->name);
		report_put_seconds(j, "age", record->age_us);
		report_put_member(j, "hint", record->hint);
		report_put_stack(j, "stack", &record->stack);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
	report_put_number(j, "records_left_out", (double)leak->records_left_out);
}

static void put_held(struct report_json *j, const struct model *m, const struct leak *leak)
{
	report_put_key(j, "held");
	if (leak->class != CLASS_HELD || m->resources[leak->resource - 1].java) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_number(j, "references", m->resources[leak->resource - 1].cut_count);
	report_put_number(j, "pointers", m->resources[leak->resource - 1].cut_pointers);
	yajl_gen_map_close(j->gen);
}

static void put_balance(struct report_json *j, const struct leak *leak)
{
	report_put_key(j, "balance");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->balance_count; i++) {
		const struct balance *b = &leak->balance[i];

		yajl_gen_map_open(j->gen);
		report_put_member(j, "function", b->function);
		report_put_number(j, "change", (double)b->change);
		report_put_key(j, "at");
		report_put_frame(j, b->place, 0);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
	report_put_number(j, "balance_left_out", (double)leak->balance_left_out);
}

static void put_threads(struct report_json *j, const struct model *m, const struct leak *leak)
{
	report_put_key(j, "threads");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->thread_count; i++)
		report_put_thread(j, &m->threads[leak->threads[i]]);
	yajl_gen_array_close(j->gen);
}

static void put_part(struct report_json *j, const char *key, const struct part *part)
{
	report_put_key(j, key);
	yajl_gen_map_open(j->gen);
	report_put_number(j, "count", part->count);
	report_put_number(j, "bytes", part->bytes);
	yajl_gen_map_close(j->gen);
}

static void put_lost(struct report_json *j, const struct leak *leak)
{
	report_put_key(j, "lost");
	yajl_gen_map_open(j->gen);
	put_part(j, "definite", &leak->definite);
	put_part(j, "indirect", &leak->hanging);
	put_part(j, "possible", &leak->possible);
	put_part(j, "on_possible", &leak->uncertain);
	yajl_gen_map_close(j->gen);
	report_put_member(j, "hangs_on", leak->on ? leak->on->fingerprint : NULL);
}

static void put_hangers(struct report_json *j, const struct leak *leak)
{
	report_put_key(j, "hang_on_it");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->hanger_count && i < HANGERS_SHOWN; i++) {
		yajl_gen_map_open(j->gen);
		report_put_member(j, "fingerprint", leak->hangers[i].leak->fingerprint);
		report_put_number(j, "count", leak->hangers[i].part.count);
		report_put_number(j, "bytes", leak->hangers[i].part.bytes);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_cycle(struct report_json *j, const struct leak *leak)
{
	report_put_key(j, "cycles");
	yajl_gen_map_open(j->gen);
	report_put_number(j, "count", leak->cycle.count);
	report_put_key(j, "example");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < leak->cycle.link_count; i++) {
		const struct link *link = &leak->cycle.links[i];

		yajl_gen_map_open(j->gen);
		report_put_member(j, "type", link->type);
		report_put_stack(j, "created_at", link->stack);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
	yajl_gen_map_close(j->gen);
}

static void put_example(struct report_json *j, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	report_put_member(j, "example", address ? text : NULL);
}

void report_put_leak(struct report_json *j, const struct model *m, const struct leak *leak)
{
	yajl_gen_map_open(j->gen);
	report_put_member(j, "type", leak->type);
	report_put_member(j, "release", leak->release);
	report_put_member(j, "scope", leak->scope);
	report_put_member(j, "class", words_class(leak->class));
	report_put_number(j, "count", leak->count);
	report_put_number(j, "bytes", leak->bytes);
	report_put_bool(j, "estimate", leak->is_estimate);
	report_put_number(j, "confirmed", leak->confirmed);
	report_put_number(j, "doubtful", leak->doubtful);
	report_put_member(j, "not_followed", leak->unsure ? leak->unsure->symbol : NULL);
	put_lost(j, leak);
	report_put_key(j, "dragged");
	yajl_gen_map_open(j->gen);
	report_put_number(j, "count", leak->dragged_count);
	report_put_number(j, "bytes", leak->dragged_bytes);
	yajl_gen_map_close(j->gen);
	put_hangers(j, leak);
	put_cycle(j, leak);
	put_example(j, leak->example);
	report_put_member(j, "fingerprint", leak->fingerprint);
	report_put_member(j, "baseline", words_standing(leak->standing));
	report_put_explanation(j, leak->cause, leak->explanation);
	report_put_seconds(j, "oldest_age", report_age(m, leak->oldest_us));
	report_put_seconds(j, "newest_age", report_age(m, leak->newest_us));
	report_put_number(j, "ever", (double)leak->ever_blocks);
	report_put_number(j, "peak_bytes", (double)leak->peak);
	put_threads(j, m, leak);
	report_put_number(j, "processes", leak->process_count ? leak->process_count : 1);
	report_put_key(j, "created_by");
	if (leak->maker)
		report_put_frame(j, leak->maker, 0);
	else
		yajl_gen_null(j->gen);
	report_put_stack(j, "created_at", &leak->stack);
	report_put_bool(j, "stack_cut", leak->stack.is_cut);
	report_put_bool(j, "stack_lost", leak->stack.is_lost);
	put_held(j, m, leak);
	put_records(j, leak);
	put_balance(j, leak);
	yajl_gen_map_close(j->gen);
}

static void put_mismatch(struct report_json *j, const struct model *m,
			 const struct mismatch *mismatch)
{
	report_put_member(j, "kind", "mismatch");
	report_put_member(j, "made_by", words_family(mismatch->made_by));
	report_put_member(j, "released_by", mismatch->released_by == FAMILY_MALLOC ? "free()"
				     : mismatch->released_by == FAMILY_NEW  ? "operator delete"
									     : "operator delete[]");
	report_put_number(j, "count", (double)mismatch->count);
	report_put_number(j, "bytes", (double)mismatch->bytes);
	report_put_seconds(j, "oldest_age", report_age(m, mismatch->first_us));
	report_put_seconds(j, "newest_age", report_age(m, mismatch->last_us));
	report_put_key(j, "thread");
	report_put_thread(j, &m->threads[mismatch->thread]);
}

static void put_misuse(struct report_json *j, const struct model *m, const struct misuse *misuse)
{
	report_put_member(j, "kind", words_wrong(misuse->kind));
	report_put_member(j, "type", m->types[misuse->type].name);
	report_put_member(j, "function", words_misuser(m, misuse));
	report_put_key(j, "resource_count");
	yajl_gen_integer(j->gen, misuse->type ? misuse->count : 0);
	report_put_number(j, "count", (double)misuse->times);
	report_put_number(j, "bytes", 0);
	report_put_seconds(j, "oldest_age", report_age(m, misuse->first_us));
	report_put_seconds(j, "newest_age", report_age(m, misuse->last_us));
	report_put_key(j, "thread");
	report_put_thread(j, &m->threads[misuse->thread]);
}

void report_put_finding(struct report_json *j, const struct model *m, const struct finding *finding)
{
	yajl_gen_map_open(j->gen);
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
	yajl_gen_map_close(j->gen);
}
