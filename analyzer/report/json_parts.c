/* SPDX-License-Identifier: MIT */
/* What the JSON document is written with. */
#include "json_parts.h"

#include <inttypes.h>
#include <string.h>

#include "words.h"

void report_put_text(struct report_json *j, const char *text)
{
	text = words_utf8(&j->scratch, text ? text : "");
	yajl_gen_string(j->gen, (const unsigned char *)text, strlen(text));
}

void report_put_key(struct report_json *j, const char *key)
{
	yajl_gen_string(j->gen, (const unsigned char *)key, strlen(key));
}

void report_put_member(struct report_json *j, const char *key, const char *text)
{
	report_put_key(j, key);
	if (text)
		report_put_text(j, text);
	else
		yajl_gen_null(j->gen);
}

void report_put_number(struct report_json *j, const char *key, double number)
{
	char text[32];

	report_put_key(j, key);
	snprintf(text, sizeof(text), "%.0f", number);
	yajl_gen_number(j->gen, text, strlen(text));
}

void report_put_seconds(struct report_json *j, const char *key, uint64_t us)
{
	char text[48];

	report_put_key(j, key);
	snprintf(text, sizeof(text), "%" PRIu64 ".%06" PRIu64, us / 1000000, us % 1000000);
	yajl_gen_number(j->gen, text, strlen(text));
}

void report_put_bool(struct report_json *j, const char *key, bool value)
{
	report_put_key(j, key);
	yajl_gen_bool(j->gen, value);
}

void report_put_frame(struct report_json *j, const struct place *place, unsigned i)
{
	const struct frame *frame = &place->frames[i];
	char offset[24];

	snprintf(offset, sizeof(offset), "0x%" PRIx64, place->offset);
	yajl_gen_map_open(j->gen);
	report_put_member(j, "function", frame->function);
	report_put_member(j, "file", frame->file);
	report_put_key(j, "line");
	if (frame->file)
		yajl_gen_integer(j->gen, frame->line);
	else
		yajl_gen_null(j->gen);
	report_put_member(j, "module", place->module ? place->module->path : NULL);
	report_put_member(j, "offset", offset);
	report_put_bool(j, "inlined", frame->is_inlined);
	yajl_gen_map_close(j->gen);
}

void report_put_stack(struct report_json *j, const char *key, const struct stack *stack)
{
	report_put_key(j, key);
	yajl_gen_array_open(j->gen);
	for (unsigned i = 0; i < stack->depth; i++)
		for (unsigned k = 0; k < stack->places[i]->count; k++)
			report_put_frame(j, stack->places[i], k);
	yajl_gen_array_close(j->gen);
}

void report_put_thread(struct report_json *j, const struct thread *thread)
{
	yajl_gen_map_open(j->gen);
	report_put_number(j, "tid", thread->tid);
	report_put_member(j, "name", thread->name);
	report_put_bool(j, "main", thread->main);
	yajl_gen_map_close(j->gen);
}

void report_put_line(struct report_json *j, const char *key, unsigned line)
{
	report_put_key(j, key);
	if (line)
		yajl_gen_integer(j->gen, line);
	else
		yajl_gen_null(j->gen);
}
