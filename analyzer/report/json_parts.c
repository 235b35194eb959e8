/* SPDX-License-Identifier: MIT */
/* What the JSON document is written with. */
#include "json_parts.h"

#include "words.h"

void report_put_text(struct report_json *j, const char *text)
{
	json_text(j->to, words_utf8(&j->scratch, text ? text : ""));
}

void report_put_member(struct report_json *j, const char *key, const char *text)
{
	json_put_text(j->to, key, text ? words_utf8(&j->scratch, text) : NULL);
}

void report_put_frame(struct report_json *j, const struct place *place, unsigned i)
{
	const struct frame *frame = &place->frames[i];

	json_object(j->to);
	report_put_member(j, "function", frame->function);
	report_put_member(j, "file", frame->file);
	if (frame->file)
		json_put_integer(j->to, "line", frame->line);
	else
		json_put_null(j->to, "line");
	report_put_member(j, "module", place->module ? place->module->path : NULL);
	json_put_hex(j->to, "offset", place->offset);
	json_put_bool(j->to, "inlined", frame->is_inlined);
	json_object_end(j->to);
}

void report_put_stack(struct report_json *j, const char *key, const struct stack *stack)
{
	json_put_array(j->to, key);
	for (unsigned i = 0; i < stack->depth; i++)
		for (unsigned k = 0; k < stack->places[i]->count; k++)
			report_put_frame(j, stack->places[i], k);
	json_array_end(j->to);
}

void report_put_thread(struct report_json *j, const struct thread *thread)
{
	json_object(j->to);
	json_put_number(j->to, "tid", thread->tid);
	report_put_member(j, "name", thread->name);
	json_put_bool(j->to, "main", thread->main);
	json_object_end(j->to);
}

void report_put_line(struct report_json *j, const char *key, unsigned line)
{
	if (line)
		json_put_integer(j->to, key, line);
	else
		json_put_null(j->to, key);
}
