/* SPDX-License-Identifier: MIT */
/* The destructor of an object that a smart pointer deleted, inlined or called. */
#include <string.h>

#include "destroyed.h"
#include "own_lines.h"

#define FUNCTION_MAX 4000u
#define CALLS_DEEP 3u /* unique_ptr's destructor, its deleter, and one more */

/* The class that a function of the library deletes objects of. Returns how long its name is, 0: it is not such a function. */
static size_t deleted_class(const char *function, const char **class)
{
	size_t length;

	if (!function || (strncmp(function, "std::default_delete<", 20) && strncmp(function, "std::_Sp_counted_ptr<", 21)))
		return 0;
	length = own_lines_element(function, class);
	while (length && strchr("* ", (*class)[length - 1]))
		length--;
	return length;
}

static size_t class_at(const struct place *place, const char **class)
{
	size_t length = 0;

	for (unsigned k = 0; k < place->count && !length; k++)
		length = deleted_class(place->frames[k].function, class);
	return length;
}

static const struct frame *destructor_in(const struct place *place, const char *class, size_t length)
{
	for (unsigned k = 0; k < place->count; k++)
		if (own_lines_is_destructor(place->frames[k].function, class, length))
			return &place->frames[k];
	return NULL;
}

struct search {
	const char *class;
	size_t length;
	const struct place *place;
	const struct frame *frame;
	bool is_releasing;
};

/* The last line of the destructor's own between two addresses, and that of one of its releases rather than of another. */
static void look(struct work *w, struct search *s, uint64_t from, uint64_t to)
{
	struct insn i;

	for (uint64_t pc = from; pc < to && to - from <= FUNCTION_MAX; pc = i.next) {
		const struct place *place = code_place(w->code, pc);
		const struct frame *f = destructor_in(place, s->class, s->length);
		const struct function *callee;
		bool is_release;

		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		is_release = f == &place->frames[0] && owner_releases(w, &i);
		if (f && f->line && (is_release || !s->is_releasing)) {
			s->place = place;
			s->frame = f;
		}
		s->is_releasing |= is_release;
		if (f || i.op != OP_CALL || i.to.kind != OPERAND_IMM)
			continue;
		callee = code_function(w->code, (uint64_t)i.to.value);
		if (callee && !callee->is_system && own_lines_is_destructor(callee->name, s->class, s->length) && callee->start != from)
			look(w, s, callee->start, callee->end);
	}
}

/* The class of a destructor, where that is one within another class. */
static size_t class_within(const char *function, const char *of, size_t class)
{
	size_t length = own_lines_class(function);

	return length > class + 2 && own_lines_is_destructor(function, function, length) && !strncmp(function, of, class) &&
	       !strncmp(function + class, "::", 2) ? length : 0;
}

/* Looked for in a function, and in those of the library that it calls. */
static bool find_within(struct work *w, const struct function *f, const char *of, size_t class, unsigned depth, struct search *s)
{
	struct insn i;

	for (uint64_t pc = f->start; pc < f->end && f->end - f->start <= FUNCTION_MAX; pc = i.next) {
		const struct place *place = code_place(w->code, pc);
		const struct function *callee;

		for (unsigned k = 0; k < place->count; k++)
			if (place->frames[k].is_inlined && (s->length = class_within(place->frames[k].function, of, class))) {
				s->class = place->frames[k].function;
				look(w, s, f->start, f->end);
				return s->frame;
			}
		if (decode(w->code, pc, &i)) {
			i.next = pc + 1;
			continue;
		}
		callee = i.op == OP_CALL && i.to.kind == OPERAND_IMM ? code_function(w->code, (uint64_t)i.to.value) : NULL;
		if (!callee || callee->is_system || !callee->name || callee->start == f->start)
			continue;
		if ((s->length = class_within(callee->name, of, class))) {
			s->class = callee->name;
			look(w, s, callee->start, callee->end);
			return s->frame;
		}
		if (depth && !strncmp(callee->name, "std::", 5) && find_within(w, callee, of, class, depth - 1, s))
			return true;
	}
	return false;
}

const struct missing_release *destroyed_within(struct work *w, uint64_t at, const char *of, size_t class)
{
	const struct function *f = code_function(w->code, at);
	struct search s = { .length = 0 };

	return f && find_within(w, f, of, class, CALLS_DEEP, &s) ? missing_of(w, s.place, s.frame) : NULL;
}

bool destroyed_by_library(struct work *w, uint64_t address)
{
	const char *class;

	return class_at(code_place(w->code, address), &class);
}

const struct missing_release *destroyed_before(struct work *w, uint64_t address, bool *is_releasing)
{
	const struct function *f = code_function(w->code, address);
	struct search s = { .length = 0 };

	s.length = class_at(code_place(w->code, address), &s.class);
	if (!f || !s.length)
		return NULL;
	look(w, &s, f->start, address);
	*is_releasing = s.is_releasing;
	return s.frame ? missing_of(w, s.place, s.frame) : NULL;
}
