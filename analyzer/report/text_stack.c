/* SPDX-License-Identifier: MIT */
/* A stack as text: see text_stack.h. */
#include "text_stack.h"

#include <inttypes.h>
#include <string.h>

#include "own.h"
#include "path.h"
#include "short.h"
#include "words.h"

#define NAME_SIZE 4096u
#define PYTHON_SHOWN 4u

static bool is_full; /* one report at a time is printed */

void text_stack_full(bool full)
{
	is_full = full;
}

bool text_stack_is_full(void)
{
	return is_full;
}

void text_stack_name(FILE *to, const char *name)
{
	words_escape(to, name && *name ? name : "?");
}

void text_stack_function(FILE *to, const char *function)
{
	char text[NAME_SIZE];

	words_escape(to, is_full ? function : short_name(text, sizeof(text), function));
}

static bool is_java(const struct place *place)
{
	return place->module && place->module->kind == MODULE_JAVA;
}

/* As Java prints its own: package.Class.method(Class.java:12) */
static void print_java_frame(FILE *to, const struct frame *frame)
{
	text_stack_name(to, frame->function);
	fputc('(', to);
	words_escape(to, frame->file ? frame->file : "Unknown Source");
	if (frame->file && frame->line)
		fprintf(to, ":%u", frame->line);
	fputc(')', to);
}

void text_stack_at(FILE *to, const struct place *place, const struct frame *frame)
{
	if (is_java(place)) {
		print_java_frame(to, frame);
		return;
	}
	if (frame->function)
		text_stack_function(to, frame->function);
	if (frame->function && frame->file) {
		fputs(" (", to);
		words_escape(to, path_file(frame->file));
		fprintf(to, ":%u)", frame->line);
	} else if (place->module) {
		fputs(frame->function ? " in " : "", to);
		text_stack_name(to, place->module->name);
		fprintf(to, "+0x%" PRIx64, place->offset);
	} else if (!frame->function) {
		fprintf(to, "0x%" PRIx64, place->offset);
	}
}

/* `folded`: how many frames this one stands for. */
static void print_frame(FILE *to, const struct place *place, const struct frame *frame, unsigned folded)
{
	const struct module *module = place->module;

	fputc('\t', to);
	if (is_java(place)) {
		print_java_frame(to, frame);
		fputc('\n', to);
		return;
	}
	if (frame->function) {
		text_stack_function(to, frame->function);
		if (frame->file) {
			fputs(" (", to);
			words_escape(to, path_file(frame->file));
			fprintf(to, ":%u%s)", frame->line, frame->is_inlined ? ", inlined" : "");
		}
	}
	if (!module) {
		if (!frame->function)
			fprintf(to, "code without a file at 0x%" PRIx64, place->offset);
	} else if (!frame->function || !frame->file) {
		fputs(frame->function ? " in " : "", to);
		text_stack_name(to, module->name);
		fprintf(to, "+0x%" PRIx64, place->offset);
	} else if (module->kind != MODULE_PROGRAM) {
		fputs(" in ", to);
		text_stack_name(to, module->name);
	}
	if (folded > 1)
		fprintf(to, ", %u frames", folded);
	fputc('\n', to);
}

/* Where one is in a stack: a place, and a frame of it. */
struct spot {
	unsigned place, frame;
};

static bool is_within(const struct stack *stack, const struct spot *s)
{
	return s->place < stack->depth;
}

static void step(const struct stack *stack, struct spot *s)
{
	if (++s->frame >= stack->places[s->place]->count) {
		s->place++;
		s->frame = 0;
	}
}

static const struct frame *frame_at(const struct stack *stack, const struct spot *s)
{
	return &stack->places[s->place]->frames[s->frame];
}

static bool is_library_at(const struct stack *stack, const struct spot *s)
{
	return !is_java(stack->places[s->place]) && own_is_library(stack->places[s->place], frame_at(stack, s));
}

/* The library frames from here on. Returns how many, with the last of them; *is_outer: nothing of the program's own follows. */
static unsigned run_of(const struct stack *stack, struct spot from, struct spot *last, bool *is_outer)
{
	unsigned count = 0;

	for (; is_within(stack, &from) && is_library_at(stack, &from); step(stack, &from)) {
		*last = from;
		count++;
	}
	*is_outer = !is_within(stack, &from);
	return count;
}

/* Of the `run` that begins here what of a library called the program's own code: the interpreter of Python, or else the
 * outermost frame with a name. */
static struct spot named_of(const struct stack *stack, struct spot from, unsigned run)
{
	struct spot best = from;

	for (; run--; step(stack, &from)) {
		const struct frame *frame = frame_at(stack, &from);

		if (frame->function)
			best = from;
		if (own_is_python(frame))
			break;
	}
	return best;
}

/* Does Rust's runtime call main from here? */
static bool is_outside_rust(const struct stack *stack, struct spot from)
{
	for (; is_within(stack, &from); step(stack, &from)) {
		const struct frame *frame = frame_at(stack, &from);

		if (frame->function && strstr(frame->function, "std::rt::lang_start"))
			return true;
		if (!is_library_at(stack, &from))
			return false;
	}
	return false;
}

void text_stack_python_frame(FILE *to, const struct python_frame *frame)
{
	words_escape(to, frame->function);
	if (!frame->file)
		return;
	fputs(" (", to);
	words_escape(to, path_file(frame->file));
	if (frame->line)
		fprintf(to, ":%u", frame->line);
	fputc(')', to);
}

void text_stack_maker(FILE *to, const struct stack *stack)
{
	const struct python_frame *python = own_python(stack);
	struct own own = own_frame(stack);

	if (python)
		text_stack_python_frame(to, python);
	else if (own.frame)
		text_stack_at(to, own.place, own.frame);
}

/* In a line, callers behind what they call. */
static void print_python_stack(FILE *to, const struct python_stack *stack)
{
	for (unsigned i = 0; i < stack->depth; i++) {
		fputs(i ? " < " : "", to);
		text_stack_python_frame(to, stack->frames[i]);
	}
}

/* What the interpreter ran: `python` of a stack, once. */
static void print_python(FILE *to, const struct python **python)
{
	const struct python *p = *python;
	unsigned shown = p && !is_full && p->count > PYTHON_SHOWN ? PYTHON_SHOWN : p ? p->count : 0;
	char a[WORDS_SIZE], b[WORDS_SIZE];
	uint64_t left = p ? p->looked_at : 0;

	*python = NULL;
	for (unsigned i = 0; i < shown; i++) {
		fputs("\t  in Python", to);
		left -= p->stacks[i].count;
		if (p->stacks[i].count != p->looked_at || !p->is_of_these)
			fprintf(to, ", %s of %s %slooked at", words_number(a, (double)p->stacks[i].count, false),
				words_number(b, (double)p->looked_at, false), p->is_of_these ? "" : "others from here ");
		fputs(": ", to);
		print_python_stack(to, &p->stacks[i]);
		fputc('\n', to);
	}
	if (left)
		fprintf(to, "\t  in Python, %s of %s: elsewhere\n", words_number(a, (double)left, false),
			words_number(b, (double)p->looked_at, false));
}

static bool has_interpreter(const struct stack *stack, struct spot from, const struct spot *last)
{
	for (; is_within(stack, &from); step(stack, &from)) {
		if (own_is_python(frame_at(stack, &from)))
			return true;
		if (from.place == last->place && from.frame == last->frame)
			break;
	}
	return false;
}

static void print_folded(FILE *to, const struct stack *stack, const struct python **python)
{
	struct spot s = { 0, 0 }, last = { 0, 0 };
	bool has_own = false, is_outer;

	while (is_within(stack, &s)) {
		unsigned run = run_of(stack, s, &last, &is_outer);

		if (run && has_own && is_outside_rust(stack, s))
			return;
		if (run > 1 && (!is_outer || has_own)) {
			struct spot shown = is_outer ? named_of(stack, s, run) : last;

			print_frame(to, stack->places[shown.place], frame_at(stack, &shown), run);
		} else {
			print_frame(to, stack->places[s.place], frame_at(stack, &s), 1);
			has_own |= !run;
			last = s;
		}
		if (*python && has_interpreter(stack, s, &last))
			print_python(to, python);
		s = last;
		step(stack, &s);
	}
}

static void print_whole(FILE *to, const struct stack *stack, const struct python **python)
{
	for (struct spot s = { 0, 0 }; is_within(stack, &s); step(stack, &s)) {
		print_frame(to, stack->places[s.place], frame_at(stack, &s), 1);
		if (*python && own_is_python(frame_at(stack, &s)))
			print_python(to, python);
	}
}

void text_stack(FILE *to, const struct stack *stack)
{
	const struct python *python = stack->python;

	if (!stack->depth)
		fputs("\tno stack could be recorded\n", to);
	if (is_full)
		print_whole(to, stack, &python);
	else
		print_folded(to, stack, &python);
	print_python(to, &python);
	if (stack->is_cut)
		fputs("\t... (deeper than what is kept)\n", to);
	if (stack->is_lost) {
		const struct module *module = stack->places[stack->depth - 1]->module;

		fputs("\t... (its callers are not known: ", to);
		if (module)
			text_stack_name(to, module->name);
		fputs(module ? " has no unwind information there)\n"
		      : stack->is_java ? "the program made this code itself, without frame pointers; "
					 "java keeps them with -XX:+PreserveFramePointer)\n"
				       : "the program made this code itself, without frame pointers)\n", to);
	}
}
