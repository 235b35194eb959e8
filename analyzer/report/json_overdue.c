/* SPDX-License-Identifier: MIT */
/* What a living process keeps too long, in JSON. */
#include "json_parts.h"

#include "words.h"

static void put_growth(struct report_json *j, const struct overdue *o)
{
	json_put_object(j->to, "growth");
	json_put_real(j->to, "count_a_minute", o->count_a_minute);
	json_put_real(j->to, "bytes_a_minute", o->bytes_a_minute);
	if (o->forecast_us) {
		json_put_object(j->to, "forecast");
		json_put_number(j->to, "bytes", o->forecast_bytes);
		json_put_seconds(j->to, "seconds", o->forecast_us);
		json_object_end(j->to);
	} else {
		json_put_null(j->to, "forecast");
	}
	json_object_end(j->to);
}

static void put_holders(struct report_json *j, const struct overdue *o)
{
	json_put_array(j->to, "held_by");
	for (unsigned i = 0; i < o->held_count; i++)
		report_put_text(j, o->held_by[i]);
	json_array_end(j->to);
}

void report_put_overdue(struct report_json *j, const struct model *m, const struct overdue *o)
{
	json_object(j->to);
	report_put_member(j, "kind", "overdue");
	report_put_member(j, "type", o->group->type);
	report_put_member(j, "class", words_class(o->group->class));
	report_put_member(j, "fingerprint", o->group->fingerprint);
	json_put_number(j->to, "count", o->count);
	json_put_number(j->to, "bytes", o->bytes);
	json_put_number(j->to, "alive", o->group->count);
	json_put_bool(j->to, "estimate", o->group->is_estimate);
	json_put_seconds(j->to, "older_than", o->limit_us);
	json_put_seconds(j->to, "oldest_age", model_age(m, o->oldest_us));
	report_put_lifetime(j, &o->lifetime);
	put_growth(j, o);
	put_holders(j, o);
	json_put_hex(j->to, "example", o->example);
	if (o->before_count > 0)
		json_put_integer(j->to, "before", (long long)o->before_count);
	else
		json_put_null(j->to, "before");
	report_put_records(j, o->group);
	report_put_stack(j, "created_at", &o->stack);
	json_object_end(j->to);
}
