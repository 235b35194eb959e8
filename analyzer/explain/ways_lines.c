/* SPDX-License-Identifier: MIT */
/* Of a way that loses a block: the lines at which the release is missing. */
#include "ways_private.h"

#define BRANCH_LINES 8u /* of which one branch without code consists at most */

/* The nearest step before `at` whose frame lies at a level. */
static uint32_t outer(const struct walk *w, uint32_t at, int32_t level)
{
	while (at && w->steps[at].level > level)
		at = w->steps[at].parent;
	return at;
}

void ways_note_saved(struct judging *j)
{
	const struct walk *w = j->walk;

	j->saved = pool_array(&w->model->pool, w->step_count, sizeof(*j->saved));
	for (uint32_t i = 1; i < w->step_count; i++)
		if (w->steps[i].can_free)
			j->saved[j->saved_count++] = i;
}

/* Is a piece of code also on ways of the same frame that can save the block? Not that of an earlier round, which was put away; and
 * where the ways part, not that of a round in which the next one had been made. */
static bool is_saved(const struct judging *j, const struct way *frame, uint32_t step, uint32_t parts)
{
	const struct walk *w = j->walk;
	const struct way *piece = &w->steps[step];

	for (unsigned k = 0; k < j->saved_count; k++) {
		const struct way *other = &w->steps[j->saved[k]];

		if (other->start <= piece->start && piece->start <= other->end && other->was_kept == piece->was_kept &&
		    is_frame(other, frame) && (step != parts || j->is_late[j->saved[k]] == j->is_late[step]))
			return true;
	}
	return false;
}

/* Lines of one function, as they come along a way. */
struct lines {
	const char *scope; /* of the variable, 0: not known */
	const char *function, *file;
	unsigned first, last, count;
	unsigned above; /* only lines after this one are meant */
	uint64_t address; /* of the first */
	bool is_called; /* what the function calls was where the ways parted */
};

static void lines_add(struct judging *j, struct lines *l, uint64_t address)
{
	const struct place *place = code_place(j->w->code, address);
	const struct frame *frame = place_frame(place, l->scope);

	if (!l->function) {
		l->function = frame->function;
		l->file = frame->file;
		l->address = address;
	}
	for (unsigned k = 0; k < place->count; k++) {
		frame = &place->frames[k];
		if (!frame->line || !is_same(frame->function, l->function) || !is_same(frame->file, l->file))
			continue;
		if (frame->line <= l->above)
			return;
		if (!l->first || frame->line < l->first)
			l->first = frame->line;
		if (frame->line > l->last)
			l->last = frame->line;
		l->count++;
		return;
	}
}

/* All instructions of a piece. */
static void lines_of_step(struct judging *j, struct lines *l, const struct way *s)
{
	struct insn i;

	for (uint64_t at = s->start; at <= s->end; at = i.next) {
		if (decode(j->w->code, at, &i))
			return;
		if (i.op != OP_NOTHING || at == s->start) /* a goto that leads on to the next instruction is one, without optimisation */
			lines_add(j, l, at);
		if (at == s->end)
			return;
	}
}

/* What follows an address up to the function's end, on the straightest way; only lines after one. */
static void lines_to_end(struct judging *j, struct lines *l, uint64_t at, unsigned after)
{
	struct insn i;

	for (unsigned k = 0; k < TAIL_MAX; k++) {
		struct lines one = { .scope = l->scope };

		if (decode(j->w->code, at, &i))
			return;
		lines_add(j, &one, at);
		if (is_same(one.function, l->function) && one.first && one.first < after && !l->first) { /* round a loop */
			l->first = l->last = after;
			return;
		}
		if (is_same(one.function, l->function) && one.first > after)
			lines_add(j, l, at);
		if (i.op == OP_RETURN || i.op == OP_STOP)
			return;
		at = i.op == OP_JUMP && i.to.kind == OPERAND_IMM ? (uint64_t)i.to.value : i.next;
	}
}

/* The last step at or before `at` in the blamed frame that passes the block on or looks into it; 0. */
static uint32_t last_use(const struct walk *w, uint32_t at, const struct way *frame)
{
	for (; at; at = w->steps[at].parent)
		if (w->steps[at].uses && is_frame(&w->steps[at], frame))
			return at;
	return 0;
}

/* Does a line belong to ways that can save the block? */
static bool is_saved_line(struct judging *j, const struct lines *l, unsigned line, bool was_kept)
{
	for (unsigned i = 0; i < j->saved_count; i++) {
		const struct way *saved = &j->walk->steps[j->saved[i]];
		const struct place *place = code_place(j->w->code, saved->start);

		if (saved->was_kept != was_kept)
			continue;

		for (unsigned k = 0; k < place->count; k++)
			if (place->frames[k].line == line && is_same(place->frames[k].function, l->function))
				return true;
	}
	return false;
}

/* Code of the branch itself is none of its own: what comes after the line of its condition. Where ways that save the block have
 * that, it is the first lines behind it that have no code. */
static void lines_of_branch(struct judging *j, struct lines *l, uint64_t address, bool was_kept)
{
	const struct function *f = code_function(j->w->code, address);
	unsigned last, next;

	lines_add(j, l, address);
	if (!l->last)
		return;
	last = l->last;
	next = f ? code_line_after(j->w->code, address, f->end, last) : 0;
	for (unsigned k = 0; k < BRANCH_LINES && next == last + 1 && is_saved_line(j, l, next, was_kept); k++) {
		last = next;
		next = code_line_after(j->w->code, address, f->end, last);
	}
	if (next == last + 1 && is_saved_line(j, l, next, was_kept)) {
		last = l->last;
		next = 0;
	}
	if (next && next <= last + BRANCH_LINES && !is_saved_line(j, l, next, was_kept)) {
		l->first = l->last = next;
		return;
	}
	l->first = last + 1;
	l->last = next && next <= last + BRANCH_LINES ? next - 1 : last + 1;
}

/* Do several branches of the function lead to a piece of code? Then it is none's own. Copies of one that the compiler made are one. */
static bool is_shared(const struct judging *j, uint64_t address)
{
	const struct function *f = code_function(j->w->code, address);
	const struct frame *first = NULL;
	struct insn i;

	for (uint64_t at = f ? f->start : 0; f && at < f->end; at = i.next) {
		const struct frame *from;

		if (decode(j->w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if (!((i.op == OP_BRANCH || i.op == OP_JUMP) && i.to.kind == OPERAND_IMM && (uint64_t)i.to.value == address) &&
		    !(i.next == address && i.op != OP_JUMP && i.op != OP_RETURN && i.op != OP_STOP))
			continue;
		from = &code_place(j->w->code, at)->frames[0];
		if (first && (!from->line || from->line != first->line || !is_same(from->function, first->function)))
			return true;
		first = from;
	}
	return false;
}

/* A branch leads to code that others lead to as well, behind that of ways which save the block: a goto has no code of its own. */
static bool is_goto(struct judging *j, const struct candidate *c, const char *scope)
{
	const struct way *parts = &j->walk->steps[c->parts], *branch = &j->walk->steps[parts->parent];
	struct lines from = { .scope = scope }, to = { .scope = scope };

	if (!is_frame(parts, branch) || is_saved(j, parts, c->parts, c->parts) || !is_shared(j, parts->start))
		return false;
	lines_add(j, &from, branch->end);
	lines_add(j, &to, parts->start);
	if (!from.last || !is_same(from.function, to.function))
		return false;
	for (unsigned line = from.last + 1; line < to.first; line++)
		if (is_saved_line(j, &from, line, parts->was_kept))
			return true;
	return false;
}

/* What several branches share has the line of one of them: that of an earlier one is not where this branch went, unless round a
 * loop. */
static bool is_of_earlier_branch(struct judging *j, const struct candidate *c, const char *scope)
{
	const struct way *parts = &j->walk->steps[c->parts], *branch = &j->walk->steps[parts->parent], *lost = &j->walk->steps[c->lost];
	struct lines from = { .scope = scope }, to = { .scope = scope };

	if (!is_frame(parts, branch) || is_saved(j, parts, c->parts, c->parts) || !is_shared(j, parts->start) ||
	    code_goes_on(j->w->code, NULL, lost->start, branch->end))
		return false;
	lines_add(j, &from, branch->end);
	lines_add(j, &to, parts->start);
	return from.last && to.first && to.first < from.first && is_same(from.function, to.function) && is_same(from.file, to.file);
}

/* Code that makes the next one: the branch had none of its own before a loop went round. */
static bool makes_again(const struct judging *j, const struct place *place, const char *scope)
{
	const struct frame *f = &place->frames[0];

	return f->is_inlined && !is_same(f->function, scope) && f->gives_pointer &&
	       place_has(code_place(j->w->code, j->walk->started - 1), f->function);
}

/* Code that is shared with ways which save the block comes after the parting, and asks once more: what lies behind that question
 * is the way's own, unless a loop was gone round. Returns how many pieces of a chain, of which the last comes first, are that. */
static unsigned after_question(const struct judging *j, const struct way *frame, const uint32_t *chain, unsigned count)
{
	const struct walk *w = j->walk;

	for (unsigned k = 0; k < count; k++) {
		const struct way *asks = &w->steps[w->steps[chain[k]].parent];
		struct insn i;

		if (k + 1 < count && w->steps[chain[k + 1]].start >= w->steps[chain[k]].start)
			return count;
		if (chain[k] != chain[count - 1] && is_frame(asks, frame) && is_saved(j, frame, w->steps[chain[k]].parent, 0) &&
		    !decode(j->w->code, asks->end, &i) && i.op == OP_BRANCH)
			return k + 1;
	}
	return count;
}

/* Lines of the pieces of a chain, of which the last comes first. */
static void lines_of_pieces(struct judging *j, struct lines *l, const uint32_t *chain, unsigned count)
{
	unsigned begin = 0;

	while (count-- > 0) {
		const char *function = l->function;
		unsigned added = l->count;

		lines_of_step(j, l, &j->walk->steps[chain[count]]);
		if (function && added == l->count) /* it was left */
			break;
		begin = begin ? begin : l->first; /* a loop may go round to lines before */
		if (l->first < begin)
			l->first = begin;
	}
}

/* The function whose branch it is. */
static const char *scope_of_parting(const struct judging *j, const struct way *frame, const struct candidate *c)
{
	const char *scope = ways_scope_of_branch(j, frame, c);

	scope = scope ? scope : ways_scope_kept(j, frame, c);
	scope = scope ? scope : ways_scope_freeing(j, c);
	return scope ? scope : ways_scope(j, frame);
}

/* The line of the condition, if the branch begins after it, so that what comes before is the next round of a loop; 0. */
static unsigned line_of_branch(struct judging *j, const struct candidate *c, const char *scope)
{
	const struct way *parts = &j->walk->steps[c->parts], *branch = &j->walk->steps[parts->parent];
	struct lines from = { .scope = scope }, to = { .scope = scope };

	lines_add(j, &to, parts->start);
	from.scope = to.function;
	lines_add(j, &from, branch->end);
	return is_frame(parts, branch) && is_same(from.function, to.function) && is_same(from.file, to.file) && from.first < to.first
		       ? from.first : 0;
}

/* Of what was inlined behind the parting, one that neither got the block nor releases others only has a part of the way: it was
 * called by one that has. The innermost function at a place that is the block's frame's, too; 0: that is not known. */
static const char *keeper_behind(const struct judging *j, const struct way *frame, const struct place *place, const char *function)
{
	const struct walk *w = j->walk;
	const struct place *got = ways_got_at(j, frame);

	if (!got || !function || place_has(got, function))
		return NULL;
	for (uint32_t i = 1; i < w->step_count; i++)
		if (w->steps[i].outcome == OUTCOME_FREED && is_frame(&w->steps[i], frame) && place_has(code_place(w->code, w->steps[i].end), function))
			return NULL;
	return place_common(got, place);
}

static void lines_of_parting(struct judging *j, const struct candidate *c, struct lines *l)
{
	const struct walk *w = j->walk;
	const struct way *frame = &w->steps[c->blamed];
	const struct place *first = code_place(w->code, w->steps[c->parts].start);
	const char *scope = scope_of_parting(j, frame, c), *keeper;
	uint32_t chain[256];
	struct lines own;
	unsigned count = 0;

	for (uint32_t at = c->lost; at && count < 256; at = w->steps[at].parent) {
		bool is_overwriting = at == c->lost && at != c->parts && w->steps[at].outcome == OUTCOME_OVERWRITTEN;

		if (is_frame(&w->steps[at], frame) && !is_saved(j, frame, at, c->parts) && !is_overwriting)
			chain[count++] = at;
		if (at == c->parts)
			break;
	}
	if (scope && is_frame(&w->steps[c->parts], frame) &&
	    (!place_has(first, scope) || makes_again(j, first, scope) || is_goto(j, c, scope) ||
	     is_of_earlier_branch(j, c, scope))) {
		l->scope = scope;
		lines_of_branch(j, l, w->steps[w->steps[c->parts].parent].end, w->steps[c->parts].was_kept);
		return;
	}
	if (first->count > 1 && first->frames[0].is_inlined) /* what is called there is none of the branch's own */
		l->scope = place_common(code_place(w->code, w->steps[w->steps[c->parts].parent].end), first);
	keeper = first->count > 1 && first->frames[0].is_inlined && is_frame(&w->steps[c->parts], frame)
			 ? keeper_behind(j, frame, first, l->scope ? l->scope : first->frames[0].function) : NULL;
	if (keeper && !is_same(keeper, l->scope)) {
		l->scope = keeper;
		l->is_called = true;
		lines_of_branch(j, l, w->steps[w->steps[c->parts].parent].end, w->steps[c->parts].was_kept);
		return;
	}
	if (is_frame(&w->steps[c->parts], frame) && count)
		l->above = line_of_branch(j, c, l->scope);
	own = *l;
	lines_of_pieces(j, &own, chain, after_question(j, frame, chain, count));
	if (own.first)
		*l = own;
	else
		lines_of_pieces(j, l, chain, count);
	if (!l->function || !l->first) { /* only shared code, or such that is of no line: the branch that leads there */
		uint32_t at = outer(w, w->steps[c->parts].parent, frame->level);

		*l = (struct lines){ .scope = l->function ? l->function : l->scope };
		lines_of_branch(j, l, w->steps[at].end, w->steps[c->parts].was_kept);
	}
}

/* What a piece does after its last call. */
static void lines_after_calls(struct judging *j, struct lines *l, const struct way *s)
{
	const struct function *f = code_function(j->w->code, s->start);
	struct way rest = *s;
	unsigned called = 0, next;
	struct insn i;

	for (uint64_t at = s->start; at < s->end && !decode(j->w->code, at, &i); at = i.next)
		if (i.op == OP_CALL) {
			called = code_place(j->w->code, at)->frames[0].line;
			rest.start = i.next;
		}
	for (uint64_t at = rest.start; at <= s->end && !decode(j->w->code, at, &i); at = i.next)
		if (code_place(j->w->code, at)->frames[0].line > called)
			lines_add(j, l, at);
	if (!l->first)
		lines_add(j, l, s->end);
	next = f && called ? code_line_after(j->w->code, rest.start, f->end, called) : 0;
	if (next && next < l->first)
		l->first = next;
}

/* The function in which the block is last used, if more is done there after that. */
static const char *goes_on_in(struct judging *j, uint64_t used)
{
	struct lines use = { .scope = code_place(j->w->code, used)->frames[0].function }, rest = use;
	struct insn i;

	lines_add(j, &use, used);
	rest.function = use.function;
	rest.file = use.file;
	if (!use.scope || decode(j->w->code, used, &i))
		return NULL;
	lines_to_end(j, &rest, i.next, use.last);
	return rest.first ? use.scope : NULL;
}

/* The line after one, if it can be of the innermost function at an address, not of those that this was inlined into. */
static unsigned line_after(struct judging *j, uint64_t at, unsigned line)
{
	const struct function *f = code_function(j->w->code, at);
	const struct place *place = code_place(j->w->code, at);
	unsigned next = f && line ? code_line_after(j->w->code, at, f->end, line) : 0;

	for (unsigned k = 1; k < place->count; k++)
		if (place->frames[k].line > line && next >= place->frames[k].line)
			return 0;
	return next;
}

/* Retained once more, and used last, by what was called in a line of the innermost function that has it from its making on. */
static bool lines_of_retaining(struct judging *j, struct lines *l, const struct place *got, uint64_t used)
{
	struct lines at = { .scope = got ? place_common(got, code_place(j->w->code, used)) : NULL };

	if (at.scope)
		lines_add(j, &at, used);
	if (at.first)
		*l = at;
	return at.first != 0;
}

static void lines_of_death(struct judging *j, const struct candidate *c, struct lines *l)
{
	const struct walk *w = j->walk;
	const struct way *frame = &w->steps[c->blamed], *lost = &w->steps[c->lost];
	uint32_t used = last_use(w, c->lost, frame);
	uint64_t from = used ? w->steps[used].last_use : frame->start;
	const struct place *got = ways_got_at(j, frame);
	struct lines use = { .scope = l->scope };
	struct insn i;

	if (c->outcome == OUTCOME_OVERWRITTEN) {
		uint64_t died = c->died ? c->died : lost->end;

		l->scope = ways_scope_kept(j, frame, c);
		l->scope = l->scope ? l->scope : place_keeper(code_place(w->code, died));
		lines_add(j, l, died);
		return;
	}
	if (c->outcome == OUTCOME_THREAD) {
		lines_after_calls(j, l, lost);
		return;
	}
	if (c->outcome == OUTCOME_OWNER || c->outcome == OUTCOME_JUMPED ||
	    c->outcome == OUTCOME_THROWN) {
		uint32_t at = outer(w, c->lost, frame->level);

		uint64_t died = c->died ? c->died : at == c->lost ? lost->end : w->steps[at].end;

		if (c->outcome != OUTCOME_OWNER && !frame->level && is_creation_frame(w, c)) /* who held it */
			l->scope = place_common(code_place(w->code, w->started - 1), code_place(w->code, died));
		lines_add(j, l, died);
		return;
	}
	if (used && c->is_raised && !c->parts && lines_of_retaining(j, l, got, from))
		return;
	if (used && got && l->scope && !place_has(code_place(w->code, from), l->scope)) /* a function that only looks at it */
		use.scope = place_common(got, code_place(w->code, from));
	if (used && l->scope && !is_same(goes_on_in(j, from), l->scope) && goes_on_in(j, from) &&
	    code_place(w->code, from)->frames[0].gives_pointer)
		use.scope = goes_on_in(j, from);
	lines_add(j, &use, from);
	*l = use;
	l->first = l->last = 0;
	if (decode(j->w->code, from, &i))
		return;
	lines_to_end(j, l, i.next, use.last);
	if (!l->first)
		l->first = l->last = line_after(j, from, use.last);
	if (!l->first)
		l->first = l->last = use.last;
}

/* A realloc that failed: what is done about that, in the function that called it. */
static void lines_of_resize(struct judging *j, const struct candidate *c, struct lines *l)
{
	const struct walk *w = j->walk;
	const struct function *f;
	uint32_t used = c->lost;
	unsigned next;

	while (used && !w->steps[used].uses)
		used = w->steps[used].parent;
	l->scope = NULL;
	lines_add(j, l, used ? w->steps[used].last_use : w->steps[c->lost].end);
	f = code_function(w->code, l->address);
	if (c->outcome == OUTCOME_OVERWRITTEN || !f || !l->last)
		return;
	next = code_line_after(w->code, l->address, f->end, l->last); /* the question */
	next = next ? code_line_after(w->code, l->address, f->end, next) : 0;
	if (next && next <= l->last + 8)
		l->first = l->last = next;
}

/* What comes before the call in which the block was seen to be held is not the branch that lacks the release. */
static void lines_after_seen(const struct judging *j, struct lines *l)
{
	const struct place *place = code_place(j->w->code, j->seen[0]);

	for (unsigned k = 0; k < place->count; k++)
		if (is_same(place->frames[k].function, l->function) && place->frames[k].line > l->first && place->frames[k].line <= l->last)
			l->first = place->frames[k].line;
}

void ways_locate(struct judging *j, struct candidate *c)
{
	const struct way *frame = &j->walk->steps[c->blamed];
	bool is_way = c->is_counted || (c->is_given_up && is_frame(&j->walk->steps[c->parts], &j->walk->steps[c->lost])) ||
		      (c->parts && (c->outcome == OUTCOME_EXIT || c->outcome == OUTCOME_DEAD));
	struct lines l = { .scope = is_way || c->outcome == OUTCOME_OWNER ? NULL : ways_scope(j, frame) };
	const struct place *place;

	if (c->is_counted && c->is_raised) {
		const struct place *raised = code_place(j->w->code, j->walk->steps[c->parts].start);

		if (raised->count > 1 && raised->frames[0].is_inlined) /* who called the function that retains */
			l.scope = raised->frames[1].function;
		lines_of_step(j, &l, &j->walk->steps[c->parts]);
	} else if (c->was_resized) {
		lines_of_resize(j, c, &l);
	} else if (is_way)
		lines_of_parting(j, c, &l);
	else if (c->parts && c->outcome != OUTCOME_OVERWRITTEN && c->outcome != OUTCOME_OWNER && c->outcome != OUTCOME_JUMPED &&
	    c->outcome != OUTCOME_THROWN)
		lines_of_parting(j, c, &l);
	else
		lines_of_death(j, c, &l);
	if (is_way && c->agrees)
		lines_after_seen(j, &l);
	c->is_left |= l.is_called;
	place = code_place(j->w->code, l.address);
	c->missing = (struct missing_release){ .function = l.function, .file = l.first ? l.file : NULL, .line = l.first,
					       .last_line = l.last, .offset = place->offset,
					       .module = place->module ? place->module->path : NULL };
	if (!c->missing.function)
		c->missing.function = place->frames[place->count - 1].function;
}
