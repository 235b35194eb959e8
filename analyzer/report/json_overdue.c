/* SPDX-License-Identifier: MIT */
/* What a living process keeps too long, in JSON. */
#include "json_parts.h"

#include <inttypes.h>

#include "words.h"

static void put_real(struct report_json *j, const char *key, double number)
{
	report_put_key(j, key);
	yajl_gen_double(j->gen, number);
}

static void put_growth(struct report_json *j, const struct overdue *o)
{
	report_put_key(j, "growth");
	yajl_gen_map_open(j->gen);
	put_real(j, "count_a_minute", o->count_a_minute);
	put_real(j, "bytes_a_minute", o->bytes_a_minute);
	report_put_key(j, "forecast");
	if (o->forecast_us) {
		yajl_gen_map_open(j->gen);
		report_put_number(j, "bytes", o->forecast_bytes);
		report_put_seconds(j, "seconds", o->forecast_us);
		yajl_gen_map_close(j->gen);
	} else {
		yajl_gen_null(j->gen);
	}
	yajl_gen_map_close(j->gen);
}

static void put_holders(struct report_json *j, const struct overdue *o)
{
	report_put_key(j, "held_by");
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < o->held_count; i++)
		report_put_text(j, o->held_by[i]);
	yajl_gen_array_close(j->gen);
}

void report_put_overdue(struct report_json *j, const struct model *m, const struct overdue *o)
{
	char example[24];

	yajl_gen_map_open(j->gen);
	report_put_member(j, "kind", "overdue");
	report_put_member(j, "type", o->group->type);
	report_put_member(j, "class", words_class(o->group->class));
	report_put_member(j, "fingerprint", o->group->fingerprint);
	report_put_number(j, "count", o->count);
	report_put_number(j, "bytes", o->bytes);
	report_put_number(j, "alive", o->group->count);
	report_put_bool(j, "estimate", o->group->is_estimate);
	report_put_seconds(j, "older_than", o->limit_us);
	report_put_seconds(j, "oldest_age", report_age(m, o->oldest_us));
	report_put_lifetime(j, &o->lifetime);
	put_growth(j, o);
	put_holders(j, o);
	snprintf(example, sizeof(example), "0x%" PRIx64, o->example);
	report_put_member(j, "example", example);
	report_put_key(j, "before");
	if (o->before_count > 0)
		yajl_gen_integer(j->gen, (long long)o->before_count);
	else
		yajl_gen_null(j->gen);
	report_put_stack(j, "created_at", &o->stack);
	yajl_gen_map_close(j->gen);
}
