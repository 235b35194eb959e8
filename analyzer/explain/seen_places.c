/* SPDX-License-Identifier: MIT */
/* The line that goes with what was seen. See seen_places.h. */
#include <string.h>

#include "destroyed.h"
#include "own.h"
#include "seen_places.h"

#define METHODS_NEAR 3u
#define LINES_MOST 12u
#define DEPTH_MOST 3u
#define INSTRUCTIONS_MOST 60000u
#define BYTES_MOST 20000u

const struct missing_release *seen_line(struct work *w, const struct own_line *line)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));

	*missing = (struct missing_release){ .function = line->frame->function, .file = line->frame->file, .line = line->frame->line,
					     .last_line = line->frame->line, .offset = line->place->offset,
					     .module = line->place->module ? line->place->module->path : NULL };
	return missing;
}

/* The program's own line at an address; false: there is none. */
static bool own_line_at(struct work *w, uint64_t address, struct own_line *line)
{
	const struct place *place = code_place(w->code, address);

	for (unsigned i = 0; i < place->count; i++)
		if (!own_is_library(place, &place->frames[i])) {
			*line = (struct own_line){ 0, place, &place->frames[i] };
			return true;
		}
	return false;
}

/* Code that takes elements out of containers of one kind of element. */
struct shrinking {
	const char *element;
	size_t length;
};

static bool shrinks(const struct shrinking *s, const char *function)
{
	const char *element;
	size_t length;

	if (!own_lines_is_shrinking(function))
		return false;
	length = own_lines_element(function, &element);
	return length == s->length && !strncmp(element, s->element, length);
}

/* Is code at an address of such a function that was inlined into the program's own, or a call of one? */
static bool is_shrinking_at(struct work *w, const struct shrinking *s, uint64_t address, const struct function *callee)
{
	const struct place *place = code_place(w->code, address);

	for (unsigned i = 0; i + 1 < place->count; i++)
		if (shrinks(s, place->frames[i].function))
			return true;
	return callee && callee->name && shrinks(s, callee->name);
}

/* The last address in [from, to) of a function at which elements are taken out, also by what it calls; 0: nowhere. */
static uint64_t find_shrinking(struct work *w, const struct shrinking *s, uint64_t from, uint64_t to, unsigned depth)
{
	uint64_t found = 0;
	struct insn i;

	if (to - from > BYTES_MOST)
		return 0;
	for (uint64_t at = from; at < to; at = i.next) {
		const struct function *callee = NULL;
		uint64_t inner;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if ((i.op == OP_CALL || i.op == OP_JUMP) && i.to.kind == OPERAND_IMM && ((uint64_t)i.to.value < from || (uint64_t)i.to.value >= to))
			callee = code_function(w->code, (uint64_t)i.to.value);
		if (is_shrinking_at(w, s, at, callee))
			found = at;
		else if (callee && depth && !callee->is_system && !code_is_of_library(w->code, callee->start) &&
			 (!callee->name || strncmp(callee->name, "std::", 5)) &&
			 (inner = find_shrinking(w, s, callee->start, callee->end, depth - 1)))
			found = inner;
	}
	return found;
}

static bool begin_shrinking(struct work *w, const struct watched *seen, struct shrinking *s)
{
	s->length = own_lines_element(own_lines_container(w, w->model->sites[seen->holder_site].node), &s->element);
	return s->length > 0;
}

const struct missing_release *seen_given_up(struct work *w, const struct watched *seen)
{
	struct own_line lines[LINES_MOST], line;
	unsigned count = own_lines(w, seen->lost, lines, LINES_MOST);
	struct shrinking s;

	if (!count || !begin_shrinking(w, seen, &s))
		return NULL;
	if (own_lines_doing(w, seen->lost) != LIBRARY_NOTHING && own_lines_container(w, seen->lost) &&
	    own_lines_is_shrinking(own_lines_container(w, seen->lost)))
		return seen_line(w, &lines[0]);
	for (unsigned whole = 0; whole < 2; whole++)
		for (unsigned k = 0; k < count; k++) {
			uint64_t at = w->model->nodes[lines[k].node].pc - 1;
			const struct function *f = code_function(w->code, at);

			if (!f || (k && lines[k].node == lines[k - 1].node))
				continue;
			at = find_shrinking(w, &s, f->start, whole ? f->end : at, whole ? DEPTH_MOST : 1);
			if (at && own_line_at(w, at, &line))
				return seen_line(w, &line);
		}
	return NULL;
}

/* The last address in [from, to) from which elements of an array are moved up, in a function called there or in one that this one
 * calls; 0: nowhere. Of a function that gives back what it took out it is the call. */
static uint64_t find_moving_up(struct work *w, uint64_t from, uint64_t to, unsigned depth)
{
	uint64_t found = 0;
	struct insn i;

	if (to - from > BYTES_MOST)
		return 0;
	for (uint64_t at = from; at < to; at = i.next) {
		const struct function *callee;
		const struct place *place;
		const char *name;
		uint64_t inner;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if ((i.op != OP_CALL && i.op != OP_JUMP) || i.to.kind != OPERAND_IMM || ((uint64_t)i.to.value >= from && (uint64_t)i.to.value < to))
			continue;
		name = code_stub(w->code, (uint64_t)i.to.value);
		if (name && (!strcmp(name, "memmove") || !strcmp(name, "__memmove_chk")))
			found = at;
		callee = name || !depth ? NULL : code_function(w->code, (uint64_t)i.to.value);
		if (!callee || callee->is_system || code_is_of_library(w->code, callee->start) ||
		    !(inner = find_moving_up(w, callee->start, callee->end, depth - 1)))
			continue;
		place = code_place(w->code, inner);
		found = place->frames[place->count - 1].gives_pointer ? at : inner;
	}
	return found;
}

const struct missing_release *seen_moved_up(struct work *w, const struct watched *seen)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));
	const struct function *f;
	const struct place *place;
	uint32_t before, after;
	unsigned k = 0;
	uint64_t at = 0;

	if (seen->holder != HOLDER_BLOCK || !seen->held || !seen->lost || !stacks_part(w, seen->held, seen->lost, &before, &after))
		return NULL;
	f = code_function(w->code, w->model->nodes[before].pc - 1);
	if (w->model->nodes[before].pc < w->model->nodes[after].pc)
		at = find_moving_up(w, w->model->nodes[before].pc, w->model->nodes[after].pc, DEPTH_MOST);
	if (!at && f) /* the compiler may have put it elsewhere */
		at = find_moving_up(w, f->start, f->end, DEPTH_MOST);
	if (!at)
		return NULL;
	place = code_place(w->code, at);
	while (k + 1 < place->count && (place->frames[k].gives_pointer || own_is_library(place, &place->frames[k])))
		k++;
	*missing = (struct missing_release){ .function = place->frames[k].function, .file = place->frames[k].file,
					     .line = place->frames[k].line, .last_line = place->frames[k].line, .offset = place->offset,
					     .module = place->module ? place->module->path : NULL };
	return missing;
}

/* On a way outwards, the node of a function that was called from where another frame was; 0: none. */
static uint32_t beside(const struct model *m, uint32_t node, const struct node *frame)
{
	while (node && m->nodes[node].parent != frame->parent)
		node = m->nodes[node].parent;
	return node && !m->nodes[node].scope ? node : 0;
}

/* A word of a stack says something of what it held before only if its function was not left meanwhile: it must be able to go on
 * to where the loss was seen, and to where the other block was made. */
static bool is_same_frame(struct work *w, const struct watched *seen)
{
	const struct model *m = w->model;
	const struct node *frame = &m->nodes[seen->holder_frame];
	uint32_t lost = beside(m, seen->lost, frame), made = beside(m, m->sites[seen->instead].node, frame);

	if (seen->holder != HOLDER_STACK)
		return true;
	return seen->holder_frame && lost && code_goes_on(w->code, NULL, frame->pc, m->nodes[lost].pc) &&
	       (!made || code_goes_on(w->code, NULL, frame->pc, m->nodes[made].pc));
}

static bool is_there(const struct walk *walk, const struct state *s, const struct watched *seen)
{
	enum symbol_kind kind = (enum symbol_kind)flow_key(walk->flow, s->kept_in.symbol)->kind;

	switch (seen->holder) {
	case HOLDER_GLOBAL:
		return kind == SYMBOL_NUMBER ? s->kept_in.offset == (int64_t)seen->holder_at : kind != SYMBOL_STACK && kind != SYMBOL_MADE;
	case HOLDER_BLOCK: /* what lay in one that has just been made was nobody's */
		return kind != SYMBOL_NUMBER && kind != SYMBOL_STACK && kind != SYMBOL_MADE;
	default:
		return kind != SYMBOL_NUMBER && kind != SYMBOL_MADE;
	}
}

/* The instruction that puts a block where the holder lay; 0: none, or several. */
static uint64_t find_store(const struct walk *walk, const struct watched *seen, bool *is_sure)
{
	uint64_t at = 0;
	bool is_several = false;

	for (uint32_t i = 1; i < walk->step_count; i++) {
		const struct state *s = walk->steps[i].state;

		if (!s || !s->kept_at || !is_there(walk, s, seen))
			continue;
		is_several |= at && at != s->kept_at;
		at = at ? at : s->kept_at;
	}
	*is_sure = at && !is_several;
	return at;
}

/* Did one call of the program's make both? A library has something of its own take the place of what it has handed out. */
static bool is_of_one_call(struct work *w, uint32_t a, uint32_t b)
{
	uint32_t of_a, of_b;

	return explain_nodes(w, a, &of_a, 1) && explain_nodes(w, b, &of_b, 1) && w->model->nodes[of_a].pc == w->model->nodes[of_b].pc;
}

const struct missing_release *seen_overwritten(struct work *w, const struct leak *leak, const struct watched *seen,
					       const struct walk *ways, bool *is_sure)
{
	uint32_t node = w->model->sites[seen->instead].node, nodes[64];
	struct walk other = { .code = w->code, .model = w->model, .most_instructions = INSTRUCTIONS_MOST, .until_us = w->group_until_us };
	struct own_line line;
	uint64_t at = 0;

	*is_sure = false;
	if (!is_same_frame(w, seen))
		return NULL;
	if (node == leak->node) {
		at = find_store(ways, seen, is_sure);
	} else if ((other.node_count = explain_nodes(w, node, nodes, 64))) {
		other.nodes = nodes;
		other.flow = flow_open();
		if (!walk(&other))
			at = find_store(&other, seen, is_sure);
		walk_drop(&other);
		flow_close(other.flow);
	}
	for (uint32_t i = 1; !at && node == leak->node && i < ways->step_count; i++) /* a variable's */
		if (ways->steps[i].outcome == OUTCOME_OVERWRITTEN && flow_key(ways->flow, ways->steps[i].holder.symbol)->kind == SYMBOL_STACK)
			at = ways->steps[i].end;
	if (at && own_line_at(w, at, &line))
		return seen_line(w, &line);
	*is_sure = false;
	if ((node == leak->node || is_of_one_call(w, node, leak->node)) && leak->explanation && leak->explanation->missing)
		return NULL; /* what was known before is better */
	return own_lines(w, node, &line, 1) ? seen_line(w, &line) : NULL;
}

/* The class whose code made a block: of the innermost own lines, the first one that is a method. */
static const char *maker_class(struct work *w, const struct leak *leak, size_t *class)
{
	struct own_line lines[3];
	unsigned count = own_lines(w, leak->node, lines, 3);

	for (unsigned k = 0; k < count; k++)
		if ((*class = own_lines_class(lines[k].frame->function)))
			return lines[k].frame->function;
	return NULL;
}

const struct missing_release *seen_destroying(struct work *w, const struct leak *leak, const struct watched *seen)
{
	struct own_line lost[LINES_MOST], held[LINES_MOST];
	unsigned count = own_lines(w, seen->lost, lost, LINES_MOST), before = own_lines(w, seen->held, held, LINES_MOST);
	size_t class = 0;
	const char *maker = maker_class(w, leak, &class);

	for (unsigned k = 0; maker && k < count; k++) {
		bool was_before = false;

		if (!own_lines_is_destructor(lost[k].frame->function, maker, class))
			continue;
		for (unsigned i = 0; i < before; i++)
			was_before |= held[i].frame->function && !strcmp(held[i].frame->function, lost[k].frame->function);
		if (!was_before)
			return seen_line(w, &lost[k]);
	}
	return NULL;
}

/* The last address of a function of which the line is known; its beginning if there is none. */
static uint64_t last_line(struct work *w, const struct function *f)
{
	uint64_t last = f->start;
	struct insn i;

	for (uint64_t at = f->start; at < f->end && f->end - f->start < BYTES_MOST; at = i.next) {
		const struct place *place = code_place(w->code, at);

		if (place->frames[place->count - 1].line)
			last = at;
		if (decode(w->code, at, &i))
			i.next = at + 1;
	}
	return last;
}

/* The last line of a destructor that is called or inlined in a function, as an address in it; 0: none is. */
static uint64_t find_destructor(struct work *w, const struct function *f, const char *class, size_t length)
{
	uint64_t found = 0;
	struct insn i;

	for (uint64_t at = f->start; at < f->end && f->end - f->start < BYTES_MOST; at = i.next) {
		const struct place *place = code_place(w->code, at);
		const struct function *callee = NULL;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		for (unsigned k = 0; k + 1 < place->count; k++)
			if (own_lines_is_destructor(place->frames[k].function, class, length) && (place->frames[k].line || !found))
				found = at;
		if (i.op == OP_CALL && i.to.kind == OPERAND_IMM)
			callee = code_function(w->code, (uint64_t)i.to.value);
		if (callee && callee->name && own_lines_is_destructor(callee->name, class, length))
			found = last_line(w, callee);
	}
	return found;
}

/* The same in what a function calls, say the destructor of a container of such objects. */
static uint64_t find_destructor_below(struct work *w, const struct function *f, const char *class, size_t length)
{
	uint64_t found = 0;
	struct insn i;

	for (uint64_t at = f->start; !found && at < f->end && f->end - f->start < BYTES_MOST; at = i.next) {
		const struct function *callee = NULL;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if (i.op == OP_CALL && i.to.kind == OPERAND_IMM && !code_stub(w->code, (uint64_t)i.to.value))
			callee = code_function(w->code, (uint64_t)i.to.value);
		if (callee && !callee->is_system && callee->start != f->start)
			found = find_destructor(w, callee, class, length);
	}
	return found;
}

const struct missing_release *seen_destructor(struct work *w, const struct leak *leak)
{
	struct own_line lines[3];
	unsigned count = own_lines(w, leak->node, lines, 3);
	size_t class = count > 1 ? own_lines_class(lines[0].frame->function) : 0;
	const struct function *f;
	const struct place *place;
	uint64_t at;

	if (!class || !own_lines_is_constructor(lines[0].frame->function))
		return NULL;
	f = code_function(w->code, w->model->nodes[lines[1].node].pc - 1);
	at = f ? find_destructor(w, f, lines[0].frame->function, class) : 0;
	place = at ? code_place(w->code, at) : NULL;
	for (unsigned k = 0; place && k < place->count; k++)
		if (own_lines_is_destructor(place->frames[k].function, lines[0].frame->function, class))
			return seen_line(w, &(struct own_line){ 0, place, &place->frames[k] });
	return NULL;
}

static bool is_released_by_destructor(struct work *w, const struct siblings *siblings, const char *of, size_t class)
{
	struct own_line lines[LINES_MOST];

	for (unsigned i = 0; i < siblings->count; i++) {
		unsigned count = own_lines(w, siblings->releases[i].node, lines, LINES_MOST);

		for (unsigned k = 0; k < count; k++)
			if (own_lines_is_destructor(lines[k].frame->function, of, class))
				return true;
	}
	return false;
}

/* The last line of the destructor, where it is a function, else where it is inlined below callers of the method. */
static uint64_t class_destructor(struct work *w, const struct own_line *lines, unsigned count, const char *of, size_t class)
{
	const struct function *f = code_function(w->code, w->model->nodes[lines[0].node].pc - 1);
	const struct function *destructor = f ? code_destructor(w->code, f, of, class) : NULL;
	uint64_t at = destructor ? last_line(w, destructor) : 0;

	for (unsigned k = 0; !at && k < count; k++) {
		f = code_function(w->code, w->model->nodes[lines[k].node].pc - 1);
		if (!f || (k && lines[k].node == lines[k - 1].node))
			continue;
		at = find_destructor(w, f, of, class);
		if (!at)
			at = find_destructor_below(w, f, of, class);
	}
	return at;
}

static bool is_releaser(struct work *w, const struct siblings *siblings, const char *function)
{
	struct own_line lines[LINES_MOST];

	for (unsigned i = 0; function && i < siblings->count; i++) {
		unsigned count = own_lines(w, siblings->releases[i].node, lines, METHODS_NEAR);

		for (unsigned k = 0; k < count; k++)
			if (lines[k].frame->function && !strcmp(lines[k].frame->function, function))
				return true;
	}
	return false;
}

/* Does the destructor that an address is in leave the release to a method that was seen to release siblings, for others? */
static bool leaves_it_to_releaser(struct work *w, const struct siblings *siblings, uint64_t in, const char *of, size_t class)
{
	const struct function *f = code_function(w->code, in);
	struct insn i;

	for (uint64_t at = f ? f->start : 0; f && at < f->end && f->end - f->start < BYTES_MOST; at = i.next) {
		const struct place *place = code_place(w->code, at);
		const struct function *callee = NULL;
		bool is_released = false;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if ((i.op == OP_CALL || i.op == OP_JUMP) && i.to.kind == OPERAND_IMM && ((uint64_t)i.to.value < f->start || (uint64_t)i.to.value >= f->end))
			callee = code_function(w->code, (uint64_t)i.to.value);
		is_released = callee && own_lines_class(callee->name) == class && !strncmp(callee->name, of, class) &&
			      is_releaser(w, siblings, callee->name);
		for (unsigned k = 0; k < place->count; k++) {
			if (is_released && own_lines_is_destructor(place->frames[k].function, of, class))
				return true;
			is_released |= is_releaser(w, siblings, place->frames[k].function);
		}
	}
	return false;
}

const struct missing_release *seen_class_destructor(struct work *w, const struct leak *leak, const struct siblings *siblings,
						    bool *is_within)
{
	struct own_line lines[LINES_MOST];
	unsigned count = own_lines(w, leak->node, lines, LINES_MOST);
	const struct missing_release *within;
	const char *of = NULL;
	const struct place *place;
	size_t class = 0;
	uint64_t at;

	for (unsigned k = 0; k < count && k < METHODS_NEAR && !class; k++)
		if ((class = own_lines_class(lines[k].frame->function)))
			of = lines[k].frame->function;
	if (!class || is_released_by_destructor(w, siblings, of, class))
		return NULL;
	at = class_destructor(w, lines, count, of, class);
	if (at && leaves_it_to_releaser(w, siblings, at, of, class))
		return NULL;
	place = at ? code_place(w->code, at) : NULL;
	within = at ? destroyed_within(w, at, of, class) : NULL;
	*is_within = within;
	if (within)
		return within;
	for (unsigned k = 0; place && k < place->count; k++)
		if (own_lines_is_destructor(place->frames[k].function, of, class) && place->frames[k].line)
			return seen_line(w, &(struct own_line){ 0, place, &place->frames[k] });
	return NULL;
}
