/* SPDX-License-Identifier: MIT */
/*
 * A container of pointers releases nothing: who takes elements out of it must, or hand them on. The functions of the classes that
 * made a block, or that release others like it, are looked through for one that takes out and releases nothing.
 *
 * 1. The program's code is looked through once for all leaks, and no more of it than BYTES_MOST.
 * 2. What is found so is a guess: it may have been handed on.
 */
#include <string.h>

#include "explain_private.h"
#include "own.h"
#include "seen_places.h"

#define BYTES_MOST 100000u
#define GAP_MOST 512u /* between two functions: what begins and ends a program may have no names */
#define METHODS_MOST 128u
#define LINES_MOST 16u
#define LINES_NEAR 3u

/* The more likely it is that nobody has them any more, the higher. */
enum way_out {
	WAY_REFUSED,  /* it was not put in at all, as the container had one of that key */
	WAY_REPLACED, /* the container holds others, or it may only have grown */
	WAY_TAKEN,    /* one, which was read before, most likely, and may have been handed on */
	WAY_DROPPED
};

/* A function of the program, inlined or not, that takes pointers out of a container. */
struct emptying {
	const char *function;
	uint64_t at; /* the last place at which it does */
	const char *pointee;
	size_t length;
	enum way_out way_out;
	bool gives_pointer;
};

struct emptied {
	struct emptying found[METHODS_MOST];
	unsigned count;
	const char *releasing[METHODS_MOST]; /* functions that release something by themselves */
	unsigned releasing_count;
	uint64_t bytes;
	uint32_t module;
};

static bool is_same(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

/* The argument with a number of a template's list that begins at `at`. */
static size_t template_argument(const char *at, unsigned number, const char **argument)
{
	int depth = 0;

	for (*argument = at; *at; at++) {
		depth += *at == '<' || *at == '(' ? 1 : *at == '>' || *at == ')' ? -1 : 0;
		if (depth >= 0 && !(depth == 0 && *at == ','))
			continue;
		if (!number || depth < 0)
			break;
		number--;
		*argument = at + 1 + (at[1] == ' ');
	}
	return number ? 0 : (size_t)(at - *argument);
}

static bool begins(const char *text, size_t length, const char *with)
{
	return length > strlen(with) && !strncmp(text, with, strlen(with));
}

/* What the pointers that a container holds lead to; 0: it holds no pointers, or such to text. */
static size_t pointee_of(const char *container, const char **pointee)
{
	const char *list = strchr(container, '<');
	bool is_of_pairs = list && (list - container) >= 3 &&
			   (!strncmp(list - 3, "map", 3) || !strncmp(container, "std::_Rb_tree<", 14) || !strncmp(container, "std::_Hashtable<", 16));
	size_t length = list ? template_argument(list + 1, is_of_pairs ? 1 : 0, pointee) : 0;

	if (length && begins(*pointee, length, "std::pair<"))
		length = template_argument(*pointee + strlen("std::pair<"), 1, pointee);
	if (length < 2 || (*pointee)[length - 1] != '*' || begins(*pointee, length, "char") || begins(*pointee, length, "const char"))
		return 0;
	return length - 1;
}

static void note_releasing(struct emptied *e, const char *function)
{
	unsigned k = 0;

	while (k < e->releasing_count && !is_same(e->releasing[k], function))
		k++;
	if (k == e->releasing_count && k < METHODS_MOST)
		e->releasing[e->releasing_count++] = function;
}

static enum way_out way_out_of(const char *container)
{
	if (own_lines_may_refuse(container))
		return WAY_REFUSED;
	if (strstr(container, ">::erase") || strstr(container, ">::clear") || strstr(container, ">::_M_erase"))
		return WAY_DROPPED;
	return strstr(container, ">::pop") || strstr(container, ">::_M_pop") ? WAY_TAKEN : WAY_REPLACED;
}

static void note_emptying(struct emptied *e, const struct frame *own, uint64_t at, const char *container)
{
	const char *pointee = NULL;
	size_t length = pointee_of(container, &pointee);
	enum way_out way_out = way_out_of(container);
	unsigned k = 0;

	if (!length || !own->function)
		return;
	while (k < e->count && !is_same(e->found[k].function, own->function))
		k++;
	if (k == METHODS_MOST || (k < e->count && e->found[k].way_out > way_out))
		return;
	e->count += k == e->count;
	e->found[k] = (struct emptying){ own->function, at, pointee, length, way_out, own->gives_pointer };
}

/* Does an instruction release something, as far as it shows? */
static bool releases(struct work *w, const struct insn *i)
{
	const struct function *callee;

	if (i->op != OP_CALL && i->op != OP_JUMP)
		return false;
	if (i->to.kind != OPERAND_IMM) /* the destructor that releases is the second one of a table */
		return i->op == OP_CALL && i->to.kind == OPERAND_MEM && i->to.value == 8 && i->to.base != REG_RIP;
	if (code_stub(w->code, (uint64_t)i->to.value))
		return owner_releases(w, i);
	callee = code_function(w->code, (uint64_t)i->to.value);
	return callee && callee->name && !callee->is_system && strncmp(callee->name, "std::", 5) && strstr(callee->name, "::~");
}

static bool is_of_interest(const char *container)
{
	return own_lines_is_shrinking(container) || own_lines_may_refuse(container);
}

static void look_at(struct work *w, struct emptied *e, uint64_t at, const struct insn *i)
{
	const struct place *place = code_place(w->code, at);
	const struct function *callee = i->op == OP_CALL && i->to.kind == OPERAND_IMM && !code_stub(w->code, (uint64_t)i->to.value)
						? code_function(w->code, (uint64_t)i->to.value) : NULL;
	const char *container = callee && is_of_interest(callee->name) ? callee->name : NULL;
	bool is_destroyed = false; /* with the object that it is a part of */
	unsigned k = 0;

	for (; k < place->count && own_is_library(place, &place->frames[k]); k++) {
		is_destroyed |= place->frames[k].function && strstr(place->frames[k].function, "::~");
		if (!container && is_of_interest(place->frames[k].function))
			container = place->frames[k].function;
	}
	if (k == place->count || is_destroyed)
		return;
	if (container)
		note_emptying(e, &place->frames[k], at, container);
	else if (!k && releases(w, i))
		note_releasing(e, place->frames[k].function);
}

static void look_through(struct work *w, struct emptied *e, const struct function *f)
{
	struct insn i;

	if (f->is_system || (f->name && !strncmp(f->name, "std::", 5)))
		return;
	e->bytes += f->end - f->start;
	for (uint64_t at = f->start; at < f->end && e->bytes < BYTES_MOST; at = i.next)
		if (decode(w->code, at, &i))
			i.next = at + 1;
		else
			look_at(w, e, at, &i);
}

/* The functions beside one, upwards or downwards, one after the other. */
static void look_beside(struct work *w, struct emptied *e, const struct function *from, bool is_up)
{
	const struct function *f = from;
	unsigned gap = 0;

	while (gap < GAP_MOST && e->bytes < BYTES_MOST && walk_time_us() < w->group_until_us) {
		uint64_t at = is_up ? from->end + gap : from->start - 1 - gap;

		f = code_function(w->code, at);
		gap++;
		if (!f || f->module != e->module || f->end <= f->start || (is_up ? f->end <= from->end : f->start >= from->start))
			continue;
		look_through(w, e, f);
		from = f;
		gap = 0;
	}
}

static struct emptied *of_module(struct work *w, uint32_t node)
{
	const struct function *f = code_function(w->code, w->model->nodes[node].pc - 1);

	if (!f || !f->module)
		return NULL;
	if (w->emptied && w->emptied->module == f->module)
		return w->emptied;
	w->emptied = pool_take(&w->model->pool, sizeof(*w->emptied));
	w->emptied->module = f->module;
	look_through(w, w->emptied, f);
	look_beside(w, w->emptied, f, true);
	look_beside(w, w->emptied, f, false);
	return w->emptied;
}

static bool is_in_stack(struct work *w, uint32_t node, const char *function, size_t class)
{
	struct own_line lines[LINES_MOST];
	unsigned count = own_lines(w, node, lines, LINES_MOST);

	for (unsigned k = 0; k < count; k++)
		if (class ? own_lines_class(lines[k].frame->function) == class && !strncmp(lines[k].frame->function, function, class)
			  : is_same(lines[k].frame->function, function))
			return true;
	return false;
}

/* Is it on the way to a release of a sibling? */
static bool releases_siblings(struct work *w, const struct siblings *siblings, const char *function)
{
	for (unsigned i = 0; i < siblings->count; i++)
		if (is_in_stack(w, siblings->releases[i].node, function, 0))
			return true;
	return false;
}

/* Is it of a class that made the block or releases others like it? */
static bool is_related(struct work *w, const struct leak *leak, const struct siblings *siblings, const char *function)
{
	size_t class = own_lines_class(function);

	if (!class)
		return false;
	if (is_in_stack(w, leak->node, function, class))
		return true;
	for (unsigned i = 0; i < siblings->count; i++)
		if (is_in_stack(w, siblings->releases[i].node, function, class))
			return true;
	return false;
}

static bool is_releasing(const struct emptied *e, const char *function)
{
	for (unsigned k = 0; k < e->releasing_count; k++)
		if (is_same(e->releasing[k], function))
			return true;
	return false;
}

/* Is something known for sure, or of another kind? */
static bool is_told(const struct leak *leak)
{
	const struct explanation *e = leak->explanation;

	return e && e->missing && (e->confidence != CONFIDENCE_GUESS || leak->cause == CAUSE_EXCEPTION || leak->cause == CAUSE_CYCLE ||
				   leak->cause == CAUSE_RACE);
}

/* Others of the same making were put in, and nothing else is known, but that another one may have taken its place. */
static bool may_be_refused(const struct leak *leak, const struct siblings *siblings)
{
	return siblings->count && (!leak->explanation || !leak->explanation->missing || leak->cause == CAUSE_OVERWRITTEN);
}

/* A second look saw somebody let it go who releases no siblings. */
static bool is_seen(struct work *w, const struct leak *leak, const struct siblings *siblings)
{
	return w->model->watched_count && leak->explanation && leak->explanation->missing &&
	       !releases_siblings(w, siblings, leak->explanation->missing->function);
}

/* It is after the call that it is known to be refused. */
static const struct missing_release *line_after(struct work *w, uint64_t at)
{
	struct missing_release *missing = pool_take(&w->model->pool, sizeof(*missing));
	const struct function *f = code_function(w->code, at);
	unsigned next;

	*missing = *missing_at(w, at);
	next = f && missing->line ? code_line_after(w->code, at, f->end, missing->line) : 0;
	if (next && next <= missing->line + LINES_NEAR)
		missing->line = missing->last_line = next;
	return missing;
}

bool emptied_explain(struct work *w, struct leak *leak, const struct siblings *siblings)
{
	const struct emptying *best = NULL;
	const struct emptied *all;
	struct own_line line;
	struct explanation *e;

	if (leak->class != CLASS_DEFINITE || leak->resource || leak->family < FAMILY_NEW || is_told(leak) ||
	    !own_lines(w, leak->node, &line, 1) || !(all = of_module(w, line.node)))
		return false;
	for (unsigned k = 0; k < all->count; k++) {
		const struct emptying *f = &all->found[k];

		if (!is_related(w, leak, siblings, f->function) ||
		    (f->way_out == WAY_REFUSED ? !may_be_refused(leak, siblings)
					       : f->gives_pointer || is_releasing(all, f->function) || releases_siblings(w, siblings, f->function)))
			continue;
		if (!best || f->way_out > best->way_out)
			best = f;
	}
	if (!best || (best->way_out < WAY_DROPPED && is_seen(w, leak, siblings)))
		return false;
	e = pool_take(&w->model->pool, sizeof(*e));
	e->confidence = CONFIDENCE_GUESS;
	e->missing = best->way_out == WAY_REFUSED ? line_after(w, best->at) : missing_at(w, best->at);
	leak->cause = best->way_out == WAY_REFUSED ? CAUSE_ERROR_PATH : CAUSE_OWNER_FREED;
	evidence_siblings(w, leak, e, siblings);
	because_add(w, e, best->way_out == WAY_REFUSED ? "it puts pointers into a container that takes none of a key that it has"
						       : "it takes pointers out of a container and releases nothing");
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return true;
}
