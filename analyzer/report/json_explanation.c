/* SPDX-License-Identifier: MIT */
/* Which line forgot, in JSON. */
#include "json_parts.h"

#include "words.h"

static void put_missing_release(struct report_json *j, const struct missing_release *missing)
{
	if (!missing) {
		json_put_null(j->to, "missing_release");
		return;
	}
	json_put_object(j->to, "missing_release");
	report_put_member(j, "function", missing->function);
	report_put_member(j, "file", missing->file);
	report_put_line(j, "line", missing->file ? missing->line : 0);
	report_put_line(j, "last_line", missing->file ? missing->last_line : 0);
	report_put_member(j, "module", missing->module);
	if (missing->module)
		json_put_hex(j->to, "offset", missing->offset);
	else
		json_put_null(j->to, "offset");
	json_object_end(j->to);
}

static void put_usually(struct report_json *j, const struct explanation *e)
{
	json_put_array(j->to, "usually_released_at");
	for (unsigned i = 0; e->usually && i < e->usually_count; i++) {
		const struct frame *frame = &e->usually[i].place->frames[0];

		json_object(j->to);
		report_put_member(j, "function", frame->function);
		report_put_member(j, "file", frame->file);
		report_put_line(j, "line", frame->file ? frame->line : 0);
		json_put_number(j->to, "count", (double)e->usually[i].count);
		json_put_real(j->to, "share", e->usually[i].share);
		json_object_end(j->to);
	}
	json_array_end(j->to);
}

static void put_holder(struct report_json *j, const struct holder *h)
{
	if (!h || !h->what) {
		json_put_null(j->to, "last_held_by");
		return;
	}
	json_put_object(j->to, "last_held_by");
	report_put_member(j, "what", h->what);
	report_put_member(j, "function", h->function);
	report_put_member(j, "symbol", h->symbol);
	json_key(j->to, "created_at");
	if (h->created_at)
		report_put_frame(j, h->created_at, 0);
	else
		json_null(j->to);
	json_put_number(j->to, "offset", (double)h->offset);
	report_put_member(j, "until", h->until);
	json_object_end(j->to);
}

void report_put_lifetime(struct report_json *j, const struct lifetime *l)
{
	if (!l) {
		json_put_null(j->to, "lifetime");
		return;
	}
	json_put_object(j->to, "lifetime");
	json_put_number(j->to, "count", (double)l->count);
	json_put_seconds(j->to, "p50", l->p50_us);
	json_put_seconds(j->to, "p99", l->p99_us);
	json_put_seconds(j->to, "max", l->max_us);
	json_object_end(j->to);
}

void report_put_explanation(struct report_json *j, enum cause cause, const struct explanation *e)
{
	report_put_member(j, "cause", words_cause(cause));
	if (!e) {
		json_put_null(j->to, "explanation");
		return;
	}
	json_put_object(j->to, "explanation");
	report_put_member(j, "confidence", words_confidence(e->confidence));
	put_missing_release(j, e->missing);
	json_put_array(j->to, "because");
	for (unsigned i = 0; e->because && i < e->because_count; i++)
		report_put_text(j, e->because[i]);
	json_array_end(j->to);
	put_usually(j, e);
	put_holder(j, e->last_held_by);
	report_put_lifetime(j, e->lifetime);
	report_put_member(j, "advice", e->advice);
	json_object_end(j->to);
}
