/* SPDX-License-Identifier: MIT */
/* Of the ways on which a block is lost: those that come to different things, and what each would mean. */
#include "own_lines.h"
#include "walk_private.h"
#include "ways_private.h"

#define MAKERS_NEAR 2u /* frames, of which one may be the constructor's */

/* Was the scope of the variable left between two steps of one frame, only to be entered again? */
static bool has_left_scope(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *frame = &w->steps[c->lost];
	const char *scope = ways_scope(j, frame);

	for (uint32_t at = c->lost; scope && at; at = w->steps[at].parent)
		if (is_frame(&w->steps[at], frame) && !place_has(code_place(w->code, w->steps[at].start), scope))
			return true;
	return false;
}

/* Is a value what the call gave back that also gave the block to a frame, or what another one did? */
static bool is_anew(const struct judging *j, const struct way *frame, struct value v, bool *is_same_call)
{
	const struct walk *w = j->walk;
	const struct symbol_key *key = flow_key(w->flow, v.symbol);
	uint64_t call = 0;
	struct insn i;

	if (key->kind == SYMBOL_MADE)
		call = key->a;
	else if (key->kind == SYMBOL_RESULT && key->b == REG_RAX && !decode(w->code, key->a, &i) && i.op == OP_CALL)
		call = i.next;
	if (!frame->level && w->after_call)
		*is_same_call = call == w->after_call;
	else
		*is_same_call = frame->level <= 0 && (unsigned)-frame->level < w->node_count &&
				call == w->model->nodes[w->nodes[-frame->level]].pc;
	return call != 0;
}

/* The ways part in a function in which others release it, and the way that does not leaves that function first. */
static bool leaves_where_others_free(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *parts = &w->steps[c->parts];
	const struct place *place = code_place(w->code, w->steps[parts->parent].end);

	for (uint32_t i = 1; c->parts && i < w->step_count; i++) {
		const char *both;

		if (w->steps[i].outcome != OUTCOME_FREED || !is_frame(&w->steps[i], &w->steps[parts->parent]))
			continue;
		both = place_common(place, code_place(w->code, w->steps[i].end));
		return both && !place_has(code_place(w->code, w->steps[c->lost].end), both);
	}
	return false;
}

/* Does the way from the parting to the loss go round a loop of the frame? Then the variable is one of a round. */
static bool goes_round(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *frame = &w->steps[c->lost];
	uint64_t later = frame->end;

	for (uint32_t at = c->lost; at; at = w->steps[at].parent) {
		if (!is_frame(&w->steps[at], frame))
			continue;
		if (w->steps[at].start > later)
			return true;
		later = w->steps[at].start;
		if (at == c->parts)
			break;
	}
	return false;
}

/* After a release, can the same call give the frame another one, without leaving what is inlined there (scope; 0: without leaving
 * the function)? */
static bool is_released_in_loop(const struct judging *j, const struct way *frame, const char *scope, uint64_t made)
{
	const struct walk *w = j->walk;

	for (uint32_t i = 1; i < w->step_count; i++) {
		uint32_t at = i;

		if (w->steps[i].outcome != OUTCOME_FREED)
			continue;
		while (at && !is_frame(&w->steps[at], frame) && w->steps[at].visit < 0x80000000u)
			at = w->steps[at].visit;
		if (at && is_frame(&w->steps[at], frame) &&
		    code_goes_on(w->code, scope, w->steps[at].end, made))
			return true;
	}
	return false;
}

/* Return address of the call that gave it to a frame of its stack; 0: it is none of those. */
static uint64_t made_in(const struct walk *w, const struct way *frame)
{
	if (frame->level > 0 || (unsigned)-frame->level >= w->node_count)
		return 0;
	return frame->level || !w->after_call ? w->model->nodes[w->nodes[-frame->level]].pc : w->after_call;
}

/* Dead since a loop goes round, in which the next one takes its variable, and only the last one is released after it. */
static bool is_replaced_in_loop(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *lost = &w->steps[c->lost];
	uint64_t made = made_in(w, lost);
	bool is_released = false;

	if (c->outcome != OUTCOME_DEAD || !c->parts || !made || lost->visit < 0x80000000u ||
	    is_released_in_loop(j, lost, NULL, made))
		return false;
	for (uint32_t i = 1; i < w->step_count; i++) {
		if (w->steps[i].outcome != OUTCOME_FREED && w->steps[i].outcome != OUTCOME_HELD)
			continue;
		if (w->steps[i].was_kept)
			return false;
		is_released |= w->steps[i].outcome == OUTCOME_FREED && is_frame(&w->steps[i], lost);
	}
	return is_released && code_goes_on(w->code, NULL, lost->start, made);
}

/* Whatever was inlined made it, none of its siblings is released there, and there it is overwritten: it was meant to live on. */
static bool outlives_maker(const struct judging *j, const struct way *lost)
{
	const struct walk *w = j->walk;
	const char *maker = place_keeper(code_place(w->code, w->started - 1));
	const struct place *made = code_place(w->code, w->started - 1);

	return made->count > 1 && !is_same(maker, made->frames[made->count - 1].function) && !ways_free_in(j, lost, maker) &&
	       place_has(code_place(w->code, lost->end), maker);
}

/* Was it a register of a function that was inlined, and has been left? */
static bool is_of_left_scope(const struct judging *j, const struct way *lost)
{
	const char *scope = lost->holder.symbol || lost->holder.offset ? NULL : ways_scope(j, lost);

	return scope && !place_has(code_place(j->w->code, lost->end), scope);
}

/* Nothing is what a function gives back that was inlined, and that is where the block was held when a second look saw it last. */
static bool gives_nothing_back(const struct judging *j, const struct candidate *c)
{
	const struct way *lost = &j->walk->steps[c->lost];
	const struct place *seen = code_place(j->w->code, j->seen[0]);

	return value_is(lost->replacing, value_number(0)) && seen->count > 1 &&
	       !place_has(code_place(j->w->code, j->walk->started - 1), seen->frames[0].function);
}

/* Memory that others have a pointer to. */
static bool is_store_into_object(const struct walk *w, uint64_t at)
{
	struct insn store;

	return !decode(w->code, at, &store) && store.to.kind == OPERAND_MEM && store.to.base != REG_RSP && store.to.base != REG_RBP;
}

/* A variable that nobody reads after the ways have parted is one of a round, which the next round has again. */
static bool is_left_behind(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *lost = &w->steps[c->lost], *parts = &w->steps[c->parts];

	return c->parts && is_frame(parts, lost) && goes_round(j, c) && code_is_unread(w->code, parts->start, lost->holder.offset);
}

/* A register that gets another value is a variable that is overwritten, or one that is no longer needed. */
static bool is_overwritten(const struct judging *j, const struct candidate *c)
{
	const struct way *lost = &j->walk->steps[c->lost];
	bool is_local = flow_key(j->walk->flow, lost->holder.symbol)->kind == SYMBOL_STACK;
	bool is_same_call = false, is_new = is_anew(j, lost, lost->replacing, &is_same_call);

	if ((lost->holder.symbol && !is_local) || (!lost->holder.symbol && lost->holder.offset))
		return true;
	if (is_of_left_scope(j, lost))
		return false;
	if (is_local && is_left_behind(j, c))
		return false;
	if (is_new && !is_same_call)
		return true;
	if (is_local && is_store_into_object(j->walk, lost->end))
		return true; /* a part of something that others were given the address of */
	if (c->agrees && c->parts && gives_nothing_back(j, c))
		return false;
	if (c->parts && outlives_maker(j, lost))
		return true;
	if (is_same_call && c->parts && (goes_round(j, c) || is_released_in_loop(j, lost, ways_scope(j, lost), j->walk->started)))
		return false;
	if (has_left_scope(j, c) || leaves_where_others_free(j, c))
		return false;
	return c->parts && (is_local || is_new);
}

/* Dead already, how does the function end that held it? Returns what it comes to, or the outcome that there is. */
static enum outcome after_death(struct judging *j, struct candidate *c)
{
	const struct walk *w = j->walk;
	uint64_t at = w->steps[c->lost].end;
	struct insn i;

	if (c->outcome != OUTCOME_DEAD && c->outcome != OUTCOME_OVERWRITTEN)
		return c->outcome;
	for (unsigned k = 0; k < TAIL_MAX && !decode(w->code, at, &i); k++) {
		struct target t = { .name = NULL };

		if (i.op == OP_RETURN || i.op == OP_STOP || i.op == OP_BRANCH)
			break;
		if (i.op == OP_CALL)
			target_find(j->walk, NULL, &i, &t);
		if (t.effect == EFFECT_JUMP || t.effect == EFFECT_THROW || t.effect == EFFECT_THREAD_ENDS) {
			c->died = at;
			return t.effect == EFFECT_JUMP ? OUTCOME_JUMPED : t.effect == EFFECT_THROW ? OUTCOME_THROWN : OUTCOME_THREAD;
		}
		at = i.op == OP_JUMP && i.to.kind == OPERAND_IMM ? (uint64_t)i.to.value : i.next;
	}
	return c->outcome;
}

enum cause ways_cause_of(const struct candidate *c)
{
	if (c->was_resized)
		return CAUSE_REALLOC;
	if (c->was_jumped)
		return CAUSE_LONGJMP;
	if (c->was_thrown && c->outcome != OUTCOME_OWNER && c->outcome != OUTCOME_OVERWRITTEN)
		return CAUSE_EXCEPTION;
	if (c->is_given_up)
		return CAUSE_ERROR_PATH;
	if (c->is_counted)
		return c->is_raised ? CAUSE_EXTRA_RETAIN : CAUSE_ERROR_PATH;
	switch (c->outcome) {
	case OUTCOME_OVERWRITTEN:
		return CAUSE_OVERWRITTEN;
	case OUTCOME_OWNER:
		return CAUSE_OWNER_FREED;
	case OUTCOME_JUMPED:
		return CAUSE_LONGJMP;
	case OUTCOME_THROWN:
		return CAUSE_EXCEPTION;
	case OUTCOME_THREAD:
		return CAUSE_THREAD_EXIT;
	default:
		if (c->is_raised && !c->parts)
			return CAUSE_EXTRA_RETAIN;
		return c->parts ? CAUSE_ERROR_PATH : CAUSE_NEVER_RELEASED;
	}
}

/* Of several ends of the ways that part at one place: which tells more? */
static int weight(const struct candidate *c)
{
	if (c->is_improbable)
		return 0;
	return (c->outcome == OUTCOME_OVERWRITTEN || c->outcome == OUTCOME_OWNER ? 2 : 1) + (int)c->agrees * 2;
}

/* Whoever releases it has counted it down to nothing before, and here something remains: a count of references. */
static bool is_counted(const struct walk *w, const struct candidate *c, bool *is_raised)
{
	const struct way *lost = &w->steps[c->lost];
	unsigned freed = 0, counted = 0, least = 255;
	int64_t rest;

	for (unsigned k = 0; k < 2; k++) {
		if (lost->numbers[k].value < 1)
			continue;
		freed = counted = 0;
		for (uint32_t i = 1; i < w->step_count; i++) {
			if (w->steps[i].outcome != OUTCOME_FREED)
				continue;
			freed++;
			rest = way_number(&w->steps[i], lost->numbers[k].offset);
			if (rest == 0 || (rest == 1 && lost->raised > w->steps[i].raised)) { /* 0 is not always written */
				counted++;
				if (w->steps[i].raised < least)
					least = w->steps[i].raised;
			}
		}
		if (freed && counted == freed)
			break;
	}
	if (!freed && w->is_counted && lost->raised && way_number(lost, w->count_offset) > 0)
		return *is_raised = true;
	*is_raised = freed && counted == freed && lost->raised > least;
	return freed && counted == freed;
}

/* Nobody retained it, and a place that is no variable held it: what remains is the one reference that this place had. */
static bool is_only_reference(const struct walk *w, const struct way *lost)
{
	return !lost->raised && lost->was_kept && is_store_into_object(w, lost->end);
}

static bool is_new_value(const struct judging *j, const struct way *lost)
{
	bool is_same_call = false;

	return is_anew(j, lost, lost->replacing, &is_same_call) && !is_same_call;
}

/* What held it is released alone by a function that has made it or got it from who did, and that others have left alive. */
static bool is_given_up(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *lost = &w->steps[c->lost];
	const struct place *at = code_place(w->code, lost->end), *got = ways_got_at(j, lost);

	if (!got || !at->frames[0].function || !is_same(place_common(at, got), at->frames[0].function))
		return false;
	for (uint32_t i = 1; i < w->step_count; i++) {
		const struct way *other = &w->steps[i];

		if ((other->outcome == OUTCOME_FREED || other->outcome == OUTCOME_HELD) && other->level <= lost->level &&
		    (other->level < lost->level || !is_same(place_common(at, code_place(w->code, other->end)), at->frames[0].function)))
			return true;
	}
	return false;
}

/* What grows is not let go, so whatever does not grow it any more is no way of its own. */
static bool is_only_resized(const struct walk *w)
{
	bool is_resized = false;

	for (uint32_t i = 1; i < w->step_count; i++) {
		enum outcome o = w->steps[i].outcome;

		if (o == OUTCOME_FREED || o == OUTCOME_HELD || o == OUTCOME_CUT)
			return false;
		is_resized |= o == OUTCOME_RESIZED;
	}
	return is_resized;
}

/* Was only what held it out of sight then, and not released? Had that been lost, the block would hang on it, and not be lost by
 * itself. */
static bool is_owner_lost(const struct judging *j, const struct candidate *c)
{
	const struct way *lost = &j->walk->steps[c->lost];
	enum symbol_kind kind = (enum symbol_kind)flow_key(j->walk->flow, lost->holder.symbol)->kind;

	return j->is_direct && lost->holder.symbol && (c->outcome == OUTCOME_EXIT || c->outcome == OUTCOME_DEAD) &&
	       kind != SYMBOL_STACK && kind != SYMBOL_THREAD && kind != SYMBOL_BLOCK;
}

bool calls_by_pointer(struct work *w, uint64_t call)
{
	struct insn i;

	return call && !decode(w->code, call, &i) && i.op == OP_CALL && i.to.kind != OPERAND_IMM &&
	       !(i.to.kind == OPERAND_MEM && i.to.base == REG_RIP);
}

/* Does a piece of a way? */
static bool piece_calls_by_pointer(const struct judging *j, const struct way *s)
{
	struct insn i;

	for (uint64_t at = s->start; at <= s->end && !decode(j->w->code, at, &i); at = i.next)
		if (calls_by_pointer(j->w, at))
			return true;
	return false;
}

/* The last use was by a function that a pointer led to, when what let the owner go called that first: a step of it; 0. */
static uint32_t handled_by(const struct judging *j, const struct candidate *c)
{
	const struct walk *w = j->walk;
	const struct way *lost = &w->steps[c->lost];
	uint32_t at = lost->parent, call;

	while (at && !w->steps[at].uses)
		at = w->steps[at].parent;
	call = at ? w->steps[at].visit : 0;
	if (c->outcome != OUTCOME_OWNER || !call || call >= 0x80000000u || !is_frame(&w->steps[call], lost) ||
	    !piece_calls_by_pointer(j, &w->steps[call]))
		return 0;
	return at;
}

/* The step of a way with which a setjmp returns again; 0. */
static uint32_t arrival(const struct walk *w, uint32_t at)
{
	while (at && w->steps[w->steps[at].parent].was_jumped)
		at = w->steps[at].parent;
	return w->steps[at].was_jumped ? at : 0;
}

/* The last step of a way in a copy of a function before an exception was thrown; 0. *frame: of that function. */
static uint32_t step_before_throw(const struct judging *j, uint32_t at, const char *function, const struct frame **frame)
{
	for (; at; at = j->walk->steps[at].parent) {
		const struct place *place = code_place(j->w->code, j->walk->steps[at].end);

		for (unsigned i = 0; !j->walk->steps[at].was_thrown && i < place->count; i++)
			if (is_same(place->frames[i].function, function)) {
				*frame = &place->frames[i];
				return at;
			}
	}
	return 0;
}

/* An exception left the constructor that had made it: the object that is let go then was never made, and no destructor is called. */
static bool left_constructor(const struct judging *j, struct candidate *c)
{
	const struct frame *frame;

	for (unsigned k = 0; c->was_thrown && c->outcome == OUTCOME_OWNER && k < j->walk->node_count && k < MAKERS_NEAR; k++) {
		const struct place *place = code_place(j->w->code, j->w->model->nodes[j->walk->nodes[k]].pc - 1);

		for (unsigned i = 0; i < place->count; i++) {
			uint32_t step = own_lines_is_constructor(place->frames[i].function)
						? step_before_throw(j, c->lost, place->frames[i].function, &frame) : 0;

			if (!step)
				continue;
			c->missing = *missing_of(j->w, code_place(j->w->code, j->walk->steps[step].end), frame);
			return true;
		}
	}
	return false;
}

void ways_gather(struct judging *j)
{
	const struct walk *w = j->walk;
	bool is_growing = is_only_resized(w);

	for (uint32_t i = 1; i < w->step_count && j->count < CANDIDATES_MAX; i++) {
		struct candidate c = { .lost = i, .outcome = w->steps[i].outcome, .ways = 1,
				       .is_improbable = w->steps[i].is_improbable, .is_strange = w->steps[i].is_strange,
				       .was_resized = w->steps[i].was_resized,
				       .was_jumped = w->steps[i].was_jumped,
				       .was_thrown = w->steps[i].was_thrown };
		unsigned same = 0;

		if (!is_loss(c.outcome))
			continue;
		c.is_strange |= is_owner_lost(j, &c);
		c.outcome = after_death(j, &c);
		if ((c.was_thrown || c.outcome == OUTCOME_THROWN) && j->is_without_exceptions)
			continue;
		c.parts = is_growing && !c.was_resized ? 0 : ways_parting(w, i);
		c.parts = c.parts ? ways_parting_seen(j, i, c.parts) : 0;
		c.is_once = j->is_several && !w->steps[i].was_kept && (c.outcome == OUTCOME_EXIT || c.outcome == OUTCOME_DEAD) &&
			    !c.was_jumped && !c.was_thrown && ways_once(j, c.parts ? c.parts : i);
		c.is_counted = work_has(j->w, EVIDENCE_BALANCE) && is_counted(w, &c, &c.is_raised) && c.parts;
		c.cycle = w->steps[i].cycle;
		if (c.outcome == OUTCOME_OVERWRITTEN && !is_overwritten(j, &c)) {
			c.outcome = OUTCOME_DEAD;
			c.is_left = is_new_value(j, &w->steps[i]) && is_of_left_scope(j, &w->steps[i]);
		}
		c.is_counted &= !(c.outcome == OUTCOME_OVERWRITTEN && is_only_reference(w, &w->steps[i]));
		if (is_replaced_in_loop(j, &c)) {
			c.outcome = OUTCOME_OVERWRITTEN;
			c.died = made_in(w, &w->steps[i]) - 1;
		}
		c.is_given_up = c.outcome == OUTCOME_OWNER && c.parts && is_given_up(j, &c);
		c.agrees = ways_agree(j, i);
		c.is_late = j->is_late[c.parts ? c.parts : i];
		c.blamed = handled_by(j, &c);
		c.is_handled = c.blamed;
		if (c.is_handled) {
			c.outcome = OUTCOME_DEAD;
			c.parts = 0;
		} else if (c.was_jumped && (c.outcome == OUTCOME_EXIT || c.outcome == OUTCOME_DEAD) && arrival(w, i)) {
			c.blamed = c.parts = arrival(w, i);
		} else {
			c.blamed = ways_blamed(j, &c);
		}
		ways_locate(j, &c);
		if (left_constructor(j, &c))
			c.outcome = OUTCOME_THROWN;
		while (same < j->count && !(is_same(j->candidates[same].missing.function, c.missing.function) &&
					    j->candidates[same].missing.line == c.missing.line &&
					    (c.missing.line || j->candidates[same].missing.offset == c.missing.offset)))
			same++;
		for (unsigned k = 0; same == j->count && !c.parts && k < j->count; k++)
			if (!j->candidates[k].parts && is_same(j->candidates[k].missing.function, c.missing.function) &&
			    ways_cause_of(&j->candidates[k]) == CAUSE_NEVER_RELEASED && ways_cause_of(&c) == CAUSE_NEVER_RELEASED)
				same = k; /* a loop that was not entered on one of the ways */
		for (unsigned k = 0; same == j->count && c.parts && k < j->count; k++)
			if (j->candidates[k].parts == c.parts)
				same = k;
		if (same == j->count) {
			j->candidates[j->count++] = c;
			continue;
		}
		c.is_once &= j->candidates[same].is_once;
		j->candidates[same].is_once = c.is_once;
		if (c.parts && j->candidates[same].parts == c.parts && weight(&c) > weight(&j->candidates[same]))
			j->candidates[same] = c;
		else if (!c.parts && c.missing.line > j->candidates[same].missing.line && !c.is_improbable)
			j->candidates[same] = c;
		else if (c.agrees > j->candidates[same].agrees && !c.is_improbable)
			j->candidates[same] = c;
		j->candidates[same].ways++;
		if (j->candidates[same].is_improbable && !c.is_improbable)
			j->candidates[same] = c;
	}
}
