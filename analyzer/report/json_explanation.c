/* SPDX-License-Identifier: MIT */
/* Which line forgot, in JSON. */
#include "json_parts.h"

#include <inttypes.h>

#include "words.h"

static void put_missing_release(struct report_json *j, const struct missing_release *missing)
{
	char offset[24];

	report_put_key(j, "missing_release");
	if (!missing) {
		yajl_gen_null(j->gen);
		return;
	}
	snprintf(offset, sizeof(offset), "0x%" PRIx64, missing->offset);
	yajl_gen_map_open(j->gen);
	report_put_member(j, "function", missing->function);
	report_put_member(j, "file", missing->file);
	report_put_line(j, "line", missing->file ? missing->line : 0);
	report_put_line(j, "last_line", missing->file ? missing->last_line : 0);
	report_put_member(j, "module", missing->module);
	report_put_member(j, "offset", missing->module ? offset : NULL);
	yajl_gen_map_close(j->gen);
}

static void put_usually(struct report_json *j, const struct explanation *e)
{
	report_put_key(j, "usually_released_at");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; e->usually && i < e->usually_count; i++) {
		const struct frame *frame = &e->usually[i].place->frames[0];

		yajl_gen_map_open(j->gen);
		report_put_member(j, "function", frame->function);
		report_put_member(j, "file", frame->file);
		report_put_line(j, "line", frame->file ? frame->line : 0);
		report_put_number(j, "count", (double)e->usually[i].count);
		report_put_key(j, "share");
		yajl_gen_double(j->gen, e->usually[i].share);
		yajl_gen_map_close(j->gen);
	}
	yajl_gen_array_close(j->gen);
}

static void put_holder(struct report_json *j, const struct holder *h)
{
	report_put_key(j, "last_held_by");
	if (!h || !h->what) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_member(j, "what", h->what);
	report_put_member(j, "function", h->function);
	report_put_member(j, "symbol", h->symbol);
	report_put_key(j, "created_at");
	if (h->created_at)
		report_put_frame(j, h->created_at, 0);
	else
		yajl_gen_null(j->gen);
	report_put_number(j, "offset", (double)h->offset);
	report_put_member(j, "until", h->until);
	yajl_gen_map_close(j->gen);
}

void report_put_lifetime(struct report_json *j, const struct lifetime *l)
{
	report_put_key(j, "lifetime");
	if (!l) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_number(j, "count", (double)l->count);
	report_put_seconds(j, "p50", l->p50_us);
	report_put_seconds(j, "p99", l->p99_us);
	report_put_seconds(j, "max", l->max_us);
	yajl_gen_map_close(j->gen);
}

void report_put_explanation(struct report_json *j, enum cause cause, const struct explanation *e)
{
	report_put_member(j, "cause", words_cause(cause));
	report_put_key(j, "explanation");
	if (!e) {
		yajl_gen_null(j->gen);
		return;
	}
	yajl_gen_map_open(j->gen);
	report_put_member(j, "confidence", words_confidence(e->confidence));
	put_missing_release(j, e->missing);
	report_put_key(j, "because");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; e->because && i < e->because_count; i++)
		report_put_text(j, e->because[i]);
	yajl_gen_array_close(j->gen);
	put_usually(j, e);
	put_holder(j, e->last_held_by);
	report_put_lifetime(j, e->lifetime);
	report_put_member(j, "advice", e->advice);
	yajl_gen_map_close(j->gen);
}
