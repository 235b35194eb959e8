/* SPDX-License-Identifier: MIT */
/* All ways that the code leaves a block: see walk.h. */
#include <stdlib.h>
#include <string.h>

#include "calls_known.h"
#include "walk_private.h"

#define STEPS_MAX 20000u
#define STATES_OF_PLACE 24u
#define SAME_FUNCTION_MAX 2u

static const uint8_t arguments[6] = { REG_RDI, REG_RSI, REG_RDX, REG_RCX, 8, 9 };
static const uint8_t kept[6] = { REG_RBX, REG_RBP, 12, 13, 14, 15 };

static struct way *step_at(struct walk *w, uint32_t i)
{
	return &w->steps[i];
}

static void edge_add(struct walk *w, uint32_t from, uint32_t to)
{
	if (w->edge_count == w->edge_room) {
		w->edge_room = w->edge_room ? w->edge_room * 2 : 256;
		w->edges = pool_regrow(w->edges, w->edge_room, sizeof(*w->edges));
	}
	w->edges[w->edge_count++] = (struct edge_of_way){ from, to };
}

/* A new piece after `parent`; 0 if the same was met before, or too much. */
static uint32_t step_make(struct walk *w, uint32_t parent, const struct state *s)
{
	struct walk_private *p = w->private;
	uint64_t hash = state_hash(s), key = s->pc * 31 + s->entered_count;
	struct place_count *count;
	struct seen *seen;
	uint32_t i;

	HASH_FIND(hh, p->seen, &hash, sizeof(hash), seen);
	if (seen) {
		edge_add(w, parent, seen->step);
		return 0;
	}
	HASH_FIND(hh, p->counts, &key, sizeof(key), count);
	if (!count) {
		count = pool_take(&w->model->pool, sizeof(*count));
		count->key = key;
		HASH_ADD(hh, p->counts, key, sizeof(count->key), count);
	}
	if (w->step_count >= STEPS_MAX || ++count->count > STATES_OF_PLACE) {
		w->is_cut = true;
		return 0;
	}
	if (w->step_count == w->step_room) {
		w->step_room *= 2;
		w->steps = pool_regrow(w->steps, w->step_room, sizeof(*w->steps));
	}
	i = w->step_count++;
	w->steps[i] = (struct way){ .parent = parent, .start = s->pc, .end = s->pc, .hash = hash,
				     .level = (int32_t)s->entered_count - (int32_t)s->frame,
				     .is_improbable = s->is_improbable, .is_strange = s->is_strange,
				     .was_resized = s->was_resized };
	seen = pool_take(&w->model->pool, sizeof(*seen));
	seen->hash = hash;
	seen->step = i;
	HASH_ADD(hh, p->seen, hash, sizeof(seen->hash), seen);
	edge_add(w, parent, i);
	return i;
}

static void later(struct walk *w, uint32_t parent, const struct state *s, uint64_t pc)
{
	struct walk_private *p = w->private;
	struct pending *to;

	if (p->pending_count == p->pending_room) {
		p->pending_room = p->pending_room ? p->pending_room * 2 : 64;
		p->pending = pool_regrow(p->pending, p->pending_room, sizeof(*p->pending));
	}
	to = pool_regrow(NULL, 1, sizeof(*to));
	to->state = *s;
	to->state.pc = pc;
	to->parent = parent;
	p->pending[p->pending_count++] = to;
}

/* Counts of references may be among them. */
static void note_numbers(struct way *t, const struct state *s)
{
	unsigned count = 0;

	t->numbers[0].value = t->numbers[1].value = -1;
	for (unsigned i = 0; i < s->cell_count && count < 2; i++) {
		const struct cell *c = &s->cells[i];

		if (c->at.symbol != FLOW_BLOCK || c->value.symbol || c->width < 4 || c->value.offset < 0 || c->value.offset > 4)
			continue;
		t->numbers[count].offset = c->at.offset;
		t->numbers[count++].value = c->value.offset;
	}
}

static void end(struct walk *w, uint32_t step, enum outcome outcome, const struct state *s)
{
	struct way *t = step_at(w, step);

	t->outcome = outcome;
	t->is_improbable |= s->is_improbable;
	t->is_strange |= s->is_strange;
	t->was_resized |= s->was_resized;
	t->was_jumped = s->was_jumped;
	t->was_thrown = s->was_thrown;
	t->raised = s->raised;
	t->cycle = s->cycle;
	if (s->cycle)
		w->any_cycle = s->cycle;
	note_numbers(t, s);
	if (outcome == OUTCOME_HELD || outcome == OUTCOME_OWNER || outcome == OUTCOME_CUT) {
		t->state = pool_take(&w->model->pool, sizeof(*t->state));
		*t->state = *s;
	}
}

/* An end of its own that hangs on a step that goes on. */
static void end_beside(struct walk *w, uint32_t step, enum outcome outcome, const struct state *s)
{
	struct state copy = *s;
	uint32_t i;

	copy.reg[REG_RSP].offset -= 1; /* no place that is met otherwise */
	copy.left = value_number(outcome);
	i = step_make(w, step, &copy);
	if (!i)
		return;
	step_at(w, i)->function = step_at(w, step)->function;
	step_at(w, i)->visit = step_at(w, step)->visit;
	step_at(w, i)->start = step_at(w, i)->end = step_at(w, step)->end;
	end(w, i, outcome, s);
}

/* Where it is kept: of what dies next. A register: nothing. */
static struct value holder_of(const struct walk *w, const struct state *s)
{
	struct value none = { 0, 0 };

	for (unsigned i = 0; i < s->cell_count; i++)
		if (s->cells[i].value.symbol == FLOW_BLOCK && s->cells[i].at.symbol != FLOW_BLOCK)
			return s->cells[i].at;
	for (unsigned i = 0; i < s->cell_count; i++)
		if (s->cells[i].at.symbol != FLOW_BLOCK && state_leads_to_block(w->flow, s, s->cells[i].value) &&
		    flow_key(w->flow, s->cells[i].value.symbol)->kind == SYMBOL_MADE)
			return s->cells[i].at;
	return none;
}

/* Did what the last instruction did take the last pointer? Then the way ends here. */
static bool is_lost(struct walk *w, uint32_t step, struct state *s, struct value holder, enum outcome outcome)
{
	if (!s->is_touched)
		return false;
	s->is_touched = false;
	if (state_holds_block(w->flow, s))
		return false;
	step_at(w, step)->holder = holder;
	end(w, step, outcome, s);
	return true;
}

/* Templates of the C++ library, which lie in the program: containers keep what they get. */
static bool is_of_language(const char *name)
{
	return name && (!strncmp(name, "std::", 5) || !strncmp(name, "__gnu_cxx::", 11));
}

static bool is_relevant(const struct walk *w, const struct state *s, uint64_t callee)
{
	const struct function *f = code_function(w->code, callee);

	if (!f || f->is_system || s->entered_count >= STATE_FRAMES || is_of_language(f->name))
		return false;
	for (unsigned k = 0; k < 6; k++)
		if (state_leads_to_block(w->flow, s, s->reg[arguments[k]]))
			return true;
	for (unsigned i = 0; i < s->cell_count; i++) /* what everybody can get at */
		if ((!s->cells[i].at.symbol || flow_key(w->flow, s->cells[i].at.symbol)->kind == SYMBOL_THREAD) &&
		    state_leads_to_block(w->flow, s, s->cells[i].value))
			return true;
	return false;
}

static bool is_too_deep(const struct state *s, uint64_t callee)
{
	unsigned same = 0;

	for (unsigned k = 0; k < s->entered_count; k++)
		same += s->entered[k].function == callee;
	return same >= SAME_FUNCTION_MAX || s->entered_count >= STATE_FRAMES;
}

/* Into a function that gets the block. `state` is just before the call. */
static void enter(struct walk *w, uint32_t step, const struct state *s, const struct insn *i, uint64_t callee)
{
	const struct function *f = code_function(w->code, callee);
	struct state inner = *s;
	struct entered *e = &inner.entered[inner.entered_count++];

	inner.reg[REG_RSP].offset -= 8;
	state_store(w->flow, &inner, inner.reg[REG_RSP], 8, value_number((int64_t)i->next));
	*e = (struct entered){ .function = f->start, .return_address = i->next, .sp = inner.reg[REG_RSP], .visit = step };
	for (unsigned k = 0; k < 6; k++)
		e->saved[k] = inner.reg[kept[k]];
	inner.compare_width = 0;
	later(w, step, &inner, callee);
}

static bool is_releaser(const struct walk *w, uint64_t return_address)
{
	for (unsigned k = 0; k < w->releaser_count; k++)
		if (w->releasers[k] == return_address)
			return true;
	return false;
}

static bool is_argument(const struct walk *w, const struct state *s)
{
	for (unsigned k = 0; k < 6; k++)
		if (state_leads_to_block(w->flow, s, s->reg[arguments[k]]))
			return true;
	return false;
}

/* Where the block's count of references lies; beyond its end, if that is not known. */
static struct value count_at(const struct walk *w, unsigned *width)
{
	*width = w->count_width ? w->count_width : 8;
	return (struct value){ FLOW_BLOCK, w->count_width ? w->count_offset : 1ll << 40 };
}

static void count_up(struct walk *w, struct state *s)
{
	unsigned width;
	struct value at = count_at(w, &width), now = state_load(w->flow, s, at, width);

	if (s->reg[REG_RDI].symbol != FLOW_BLOCK || now.symbol || now.offset > 3)
		return;
	now.offset++;
	state_store(w->flow, s, at, width, now);
}

/* Is it to be let go? */
static bool count_down(struct walk *w, struct state *s, bool is_block)
{
	unsigned width;
	struct value at = count_at(w, &width), now = state_load(w->flow, s, at, width);

	if (!is_block || now.symbol)
		return true;
	now.offset--;
	state_store(w->flow, s, at, width, now);
	return now.offset <= 0;
}

static bool is_handed_over(const struct walk *w, const struct state *s)
{
	for (unsigned k = 1; k < 6; k++)
		if (state_leads_to_block(w->flow, s, s->reg[arguments[k]]))
			return true;
	return false;
}

/* A function that is not entered has returned. */
static void returned(struct walk *w, struct state *s, const struct insn *i, uint16_t clobbers)
{
	for (unsigned k = 0; k < 6; k++) {
		struct value v = s->reg[arguments[k]];

		if (flow_key(w->flow, v.symbol)->kind == SYMBOL_STACK && !state_leads_to_block(w->flow, s, v))
			state_forget(s, v.symbol, v.offset, v.offset + 64);
	}
	state_clobber(w->flow, s, i->address, clobbers | 1u);
	s->pc = i->next;
}

/* The memory behind an argument is let go. Returns whether the way ends here. */
static bool call_free(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct value v = s->reg[REG_RDI], holder = holder_of(w, s);

	if (v.symbol == FLOW_BLOCK) {
		end(w, step, OUTCOME_FREED, s);
		return true;
	}
	if (v.symbol) {
		if (s->gone_count < STATE_GONE)
			s->gone[s->gone_count++] = v.symbol;
		for (unsigned k = s->cell_count; k-- > 0;)
			if (s->cells[k].at.symbol == v.symbol && flow_key(w->flow, v.symbol)->kind != SYMBOL_STACK)
				s->cells[k] = s->cells[--s->cell_count];
		s->is_touched = true;
	}
	returned(w, s, i, CALLER_SAVED);
	return is_lost(w, step, s, holder, v.symbol ? OUTCOME_OWNER : OUTCOME_DEAD);
}

static bool call_resize(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct value holder = holder_of(w, s);

	if (s->reg[REG_RDI].symbol != FLOW_BLOCK) {
		returned(w, s, i, CALLER_SAVED);
		return is_lost(w, step, s, holder, OUTCOME_DEAD);
	}
	end_beside(w, step, OUTCOME_FREED, s); /* it became another one */
	returned(w, s, i, CALLER_SAVED);
	s->reg[REG_RAX] = value_number(0);
	s->was_resized = true;
	return is_lost(w, step, s, holder, OUTCOME_DEAD);
}

static bool call_throw(struct walk *w, uint32_t step, struct state *s);

static void call_make(struct walk *w, struct state *s, const struct insn *i)
{
	uint32_t made = flow_symbol(w->flow, SYMBOL_MADE, i->next, 0);

	returned(w, s, i, CALLER_SAVED);
	state_renew(w->flow, s, made);
	s->reg[REG_RAX] = (struct value){ made, 0 };
	s->is_touched = true;
}

/* A call of a function that is known by its name. Returns whether the way ends here. */
static bool call_known(struct walk *w, uint32_t step, struct state *s, const struct insn *i, enum effect effect)
{
	struct value first = s->reg[REG_RDI], holder = holder_of(w, s);

	switch (effect) {
	case EFFECT_FREE:
		return call_free(w, step, s, i);
	case EFFECT_STORE:
		if (is_handed_over(w, s)) {
			state_store(w->flow, s, (struct value){ 0, -(1ll << 40) }, 8, (struct value){ FLOW_BLOCK, 0 });
			s->is_strange = true;
		}
		break;
	case EFFECT_RETAIN:
		count_up(w, s);
		break;
	case EFFECT_RELEASE:
		if (count_down(w, s, first.symbol == FLOW_BLOCK))
			return call_free(w, step, s, i);
		break;
	case EFFECT_HAND_OVER:
		if (!is_handed_over(w, s) || !count_down(w, s, true))
			break;
		end(w, step, OUTCOME_FREED, s);
		return true;
	case EFFECT_RESIZE:
		return call_resize(w, step, s, i);
	case EFFECT_MAKE:
		call_make(w, s, i);
		return is_lost(w, step, s, holder, OUTCOME_DEAD);
	case EFFECT_STOP:
		end(w, step, OUTCOME_HELD, s);
		return true;
	case EFFECT_THREAD_ENDS:
		step_at(w, step)->holder = holder;
		for (unsigned k = s->cell_count; k-- > 0;)
			if (flow_key(w->flow, s->cells[k].at.symbol)->kind == SYMBOL_STACK)
				s->cells[k] = s->cells[--s->cell_count];
		state_clobber(w->flow, s, i->address, 0xffffu & ~(1u << REG_RSP));
		end(w, step, state_holds_block(w->flow, s) ? OUTCOME_HELD : OUTCOME_THREAD, s);
		return true;
	case EFFECT_THROW:
		s->pc = i->address;
		return call_throw(w, step, s);
	case EFFECT_JUMP:
		step_at(w, step)->holder = holder;
		s->pc = i->address;
		if (!leave_by_jump(w, s))
			end(w, step, OUTCOME_HELD, s);
		else if (!state_holds_block(w->flow, s))
			end(w, step, OUTCOME_JUMPED, s);
		else
			later(w, step, s, s->pc);
		return true;
	case EFFECT_KEEP:
		state_store(w->flow, s, (struct value){ flow_symbol(w->flow, SYMBOL_THREAD, 0, 0), 1ll << 40 }, 8,
			    s->reg[REG_RSI]);
		break;
	default:
		break;
	}
	returned(w, s, i, CALLER_SAVED);
	if (effect == EFFECT_SAME || effect == EFFECT_RETAIN)
		s->reg[REG_RAX] = first;
	return is_lost(w, step, s, holder, OUTCOME_DEAD);
}

/* Where an exception lands, what it left in rax and rdx is its own. */
static void land(struct walk *w, uint32_t step, struct state *s, uint64_t pad)
{
	state_clobber(w->flow, s, s->pc, CALLER_SAVED);
	later(w, step, s, pad);
}

/* An exception leaves the functions one after the other, until one has code that runs then. `call`: in its instruction. */
static bool unwind(struct walk *w, uint32_t step, struct state *s, uint64_t call)
{
	struct value holder = holder_of(w, s);

	if (!s->was_thrown)
		s->was_thrown = call;
	for (;;) {
		uint64_t pad = 0;
		enum landing_answer answer = code_landing(w->code, call, &pad);

		if (answer == LANDING_PAD) {
			land(w, step, s, pad);
			return true;
		}
		if (answer == LANDING_NONE) {
			end(w, step, OUTCOME_HELD, s);
			return true;
		}
		if (leave_by_throw(w, s)) {
			end(w, step, OUTCOME_HELD, s);
			return true;
		}
		call = s->pc - 1;
		s->is_touched = true;
		if (is_lost(w, step, s, holder, OUTCOME_THROWN))
			return true;
	}
}

static bool call_throw(struct walk *w, uint32_t step, struct state *s)
{
	const struct function *f = code_function(w->code, s->pc);

	step_at(w, step)->holder = holder_of(w, s);
	if (!s->was_thrown && f && !code_has_thrown(w->code, f))
		s->is_improbable = true;
	return unwind(w, step, s, s->pc);
}

/* One that was called, and not entered, throws. */
static void throw_beside(struct walk *w, uint32_t step, const struct state *s, uint64_t call)
{
	struct state copy = *s;
	struct value holder = holder_of(w, s);

	copy.was_thrown = copy.was_thrown ? copy.was_thrown : call;
	for (;;) {
		uint64_t pad = 0;
		enum landing_answer answer = code_landing(w->code, call, &pad);

		if (answer == LANDING_PAD) {
			land(w, step, &copy, pad);
			return;
		}
		if (answer == LANDING_NONE || leave_by_throw(w, &copy))
			return;
		call = copy.pc - 1;
		if (state_holds_block(w->flow, &copy))
			continue;
		step_at(w, step)->holder = holder;
		end_beside(w, step, OUTCOME_THROWN, &copy);
		return;
	}
}

/* What a function that is not entered may do besides returning. */
static void other_ends(struct walk *w, uint32_t step, const struct state *s, uint64_t callee, uint64_t call)
{
	const struct summary *sum = summary_of(w, callee);
	struct state copy = *s;

	if (sum->may_jump && leave_by_jump(w, &copy)) {
		if (!state_holds_block(w->flow, &copy))
			end_beside(w, step, OUTCOME_JUMPED, s);
		else
			later(w, step, &copy, copy.pc);
	}
	if (sum->may_throw && sum->has_thrown)
		throw_beside(w, step, s, call);
}

/* Returns whether the way ends here, or goes on in others. */
static bool follow_call(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct value holder = holder_of(w, s);
	struct target t;
	bool entered = false, gets_it;
	uint16_t clobbers = CALLER_SAVED;

	target_find(w, s, i, &t);
	gets_it = is_argument(w, s);
	if (gets_it) {
		step_at(w, step)->uses = true;
		step_at(w, step)->last_use = i->address;
	}
	if (t.name && t.effect == EFFECT_RUN) {
		t.addresses[0] = s->reg[REG_RDX].symbol ? 0 : (uint64_t)s->reg[REG_RDX].offset;
		if (state_leads_to_block(w->flow, s, s->reg[REG_RCX]) && code_function(w->code, t.addresses[0])) {
			struct state inner = *s;

			inner.reg[REG_RDI] = s->reg[REG_RCX];
			w->run_visit = step;
			w->is_shared = true;
			enter(w, step, &inner, i, t.addresses[0]);
			return true;
		}
		step_at(w, step)->is_strange = true;
	}
	if (t.name)
		return call_known(w, step, s, i, t.effect);
	for (unsigned k = 0; k < t.count; k++) {
		other_ends(w, step, s, t.addresses[k], i->address);
		if (!is_relevant(w, s, t.addresses[k]) || is_too_deep(s, t.addresses[k]))
			continue;
		enter(w, step, s, i, t.addresses[k]);
		entered = true;
	}
	if (entered && i->to.kind == OPERAND_IMM)
		return true; /* else others may be called there as well */
	if (gets_it && is_releaser(w, i->next)) {
		end(w, step, OUTCOME_FREED, s);
		return true;
	}
	if (is_handed_over(w, s) && t.count && is_of_language(code_function(w->code, t.addresses[0])->name)) {
		state_store(w->flow, s, (struct value){ 0, -(1ll << 40) }, 8, (struct value){ FLOW_BLOCK, 0 });
		s->is_strange = true;
	}
	if (gets_it && !t.count && !entered) {
		s->is_strange = true;
		w->met_unknown = true;
	}
	if (t.count == 1)
		clobbers = summary_of(w, t.addresses[0])->clobbers;
	returned(w, s, i, clobbers);
	return is_lost(w, step, s, holder, OUTCOME_DEAD);
}

/* Returns whether the way ends here. */
static bool follow_return(struct walk *w, uint32_t step, struct state *s)
{
	const struct function *f = code_function(w->code, s->pc);
	bool is_void = f && code_is_void(w->code, f);
	struct value holder = holder_of(w, s);

	if (s->entered_count) {
		leave_entered(w, s, is_void);
	} else if (s->frame + 1 < w->node_count && !leave_to_caller(w, s, is_void)) {
		;
	} else {
		bool is_end = s->frame + 1 >= w->node_count;

		for (unsigned k = s->cell_count; k-- > 0;)
			if (flow_key(w->flow, s->cells[k].at.symbol)->kind == SYMBOL_STACK)
				s->cells[k] = s->cells[--s->cell_count];
		state_clobber(w->flow, s, s->pc, 0xffffu & ~(is_end ? 0u : 1u));
		if (is_lost(w, step, s, holder, OUTCOME_EXIT))
			return true;
		if (is_end && w->is_thread) { /* its own variables go with it */
			for (unsigned k = s->cell_count; k-- > 0;)
				if (flow_key(w->flow, s->cells[k].at.symbol)->kind == SYMBOL_THREAD)
					s->cells[k] = s->cells[--s->cell_count];
			s->is_touched = true;
			if (is_lost(w, step, s, holder, OUTCOME_THREAD))
				return true;
		}
		end(w, step, is_end ? OUTCOME_HELD : OUTCOME_CUT, s);
		return true;
	}
	s->is_touched = true;
	if (is_lost(w, step, s, holder, OUTCOME_EXIT))
		return true;
	later(w, step, s, s->pc);
	return true;
}

/* A jump out of the function with the stack as it was at its entry is a call and a return. */
static bool is_tail_call(const struct walk *w, const struct state *s, const struct insn *i)
{
	const struct function *f = code_function(w->code, i->address);
	struct value sp = s->entered_count ? s->entered[s->entered_count - 1].sp
					   : (struct value){ flow_symbol(w->flow, SYMBOL_STACK, s->frame, 0), 0 };

	if (!f || !value_is(s->reg[REG_RSP], sp))
		return false;
	return i->to.kind != OPERAND_IMM || (uint64_t)i->to.value < f->start || (uint64_t)i->to.value >= f->end;
}

/* What is jumped to returns to our caller. */
static bool follow_tail_call(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct target t;

	target_find(w, s, i, &t);
	if (is_argument(w, s)) {
		step_at(w, step)->uses = true;
		step_at(w, step)->last_use = i->address;
		if (!t.name && !t.count)
			s->is_strange = w->met_unknown = true;
	}
	if (t.name) {
		if (call_known(w, step, s, i, t.effect))
			return true;
	} else if (t.count && is_relevant(w, s, t.addresses[0]) && !is_too_deep(s, t.addresses[0])) {
		if (s->entered_count)
			s->entered[s->entered_count - 1].function = t.addresses[0];
		later(w, step, s, t.addresses[0]);
		return true;
	} else {
		state_clobber(w->flow, s, i->address, CALLER_SAVED);
	}
	s->pc = i->address;
	return follow_return(w, step, s);
}

static bool follow_jump(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	if (is_tail_call(w, s, i))
		return follow_tail_call(w, step, s, i);
	if (i->to.kind == OPERAND_IMM) {
		later(w, step, s, (uint64_t)i->to.value);
		return true;
	}
	w->is_cut = w->met_unknown = true;
	end(w, step, OUTCOME_CUT, s);
	return true;
}

/* One of both ways may be impossible, or only possible when memory ran out. */
static void follow_branch(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	int known = state_condition(w->flow, s, i->condition);
	bool is_made = flow_key(w->flow, s->left.symbol)->kind == SYMBOL_MADE && value_is(s->right, value_number(0)) &&
		       i->condition >> 1 == 2;
	struct state other = *s;

	if (known != 0) {
		state_assume(s, i->condition);
		s->is_improbable |= is_made && i->condition == 4;
		later(w, step, s, (uint64_t)i->to.value);
	}
	if (known != 1) {
		state_assume(&other, i->condition ^ 1u);
		other.is_improbable |= is_made && i->condition == 5;
		later(w, step, &other, i->next);
	}
}

static void follow_choice(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	int known = state_condition(w->flow, s, i->condition);
	struct state other = *s;
	struct insn move = *i;

	move.op = OP_MOVE;
	if (i->op == OP_SET)
		move.from = (struct operand){ .kind = OPERAND_IMM, .value = 1, .width = 1 };
	if (known != 0) {
		state_assume(s, i->condition);
		state_step(w->flow, s, &move);
		later(w, step, s, i->next);
	}
	if (known == 1)
		return;
	state_assume(&other, i->condition ^ 1u);
	if (i->op == OP_SET) {
		move.from.value = 0;
		state_step(w->flow, &other, &move);
	}
	later(w, step, &other, i->next);
}

static void note_use(struct walk *w, uint32_t step, const struct state *s, const struct insn *i)
{
	if (i->op == OP_LEA)
		return;
	for (unsigned k = 0; k < 2; k++) {
		const struct operand *o = k ? &i->from : &i->to;

		if (o->kind != OPERAND_MEM || o->base >= 16 || s->reg[o->base].symbol != FLOW_BLOCK)
			continue;
		step_at(w, step)->uses = true;
		step_at(w, step)->last_use = i->address;
	}
}

/* Returns whether the way ends here, or goes on elsewhere. */
static bool follow(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct value holder;

	switch (i->op) {
	case OP_CALL:
		return follow_call(w, step, s, i);
	case OP_RETURN:
		return follow_return(w, step, s);
	case OP_JUMP:
		return follow_jump(w, step, s, i);
	case OP_BRANCH:
		follow_branch(w, step, s, i);
		return true;
	case OP_CMOV:
	case OP_SET:
		follow_choice(w, step, s, i);
		return true;
	case OP_STOP:
		end(w, step, OUTCOME_HELD, s);
		return true;
	default:
		note_use(w, step, s, i);
		holder = holder_of(w, s);
		state_step(w->flow, s, i);
		s->pc = i->next;
		if (s->is_touched && i->to.kind == OPERAND_REG && i->to.reg < 16)
			step_at(w, step)->replacing = s->reg[i->to.reg];
		else if (s->is_touched && i->to.kind == OPERAND_MEM && i->from.kind == OPERAND_REG && i->from.reg < 16)
			step_at(w, step)->replacing = s->reg[i->from.reg];
		return is_lost(w, step, s, holder, i->op == OP_POP || i->op == OP_LEAVE ? OUTCOME_EXIT
										       : OUTCOME_OVERWRITTEN);
	}
}

#define PIECE_MAX 400u

static void run(struct walk *w, uint32_t step, struct state *s)
{
	const struct function *f = code_function(w->code, s->pc);
	struct insn i;

	step_at(w, step)->function = f ? f->start : 0;
	step_at(w, step)->visit = s->entered_count ? s->entered[s->entered_count - 1].visit : 0x80000000u + s->frame;
	s->is_touched = false;
	for (unsigned k = 0; k < PIECE_MAX; k++) {
		if (w->instructions++ > w->most_instructions || decode(w->code, s->pc, &i)) {
			w->is_cut = true;
			end(w, step, OUTCOME_CUT, s);
			return;
		}
		step_at(w, step)->end = i.address;
		if (follow(w, step, s, &i))
			return;
	}
	later(w, step, s, s->pc);
}

/* At a function's entry, the block lies in memory there. */
static int begin_held(struct walk *w, struct state *s)
{
	const struct function *f = code_function(w->code, w->model->nodes[w->nodes[0]].pc - 1);

	if (!f)
		return -1;
	state_enter(w->flow, s, f->start, 0);
	state_store(w->flow, s, *w->held_at, 8, (struct value){ FLOW_BLOCK, 0 });
	return 0;
}

/* The block is where its maker left it. Returns 0 or -1. */
static int begin(struct walk *w, struct state *s)
{
	const struct state *before = w->held_at ? NULL : state_before(w, 0);
	unsigned delivery = calls_delivery(w->made_by);
	struct value at;

	if (w->held_at)
		return begin_held(w, s);
	if (!before)
		return -1;
	*s = *before;
	at = delivery ? s->reg[arguments[delivery - 1]] : value_number(0);
	for (unsigned k = 0; k < 6; k++)
		if (flow_key(w->flow, s->reg[arguments[k]].symbol)->kind == SYMBOL_STACK)
			state_forget(s, s->reg[arguments[k]].symbol, s->reg[arguments[k]].offset,
				     s->reg[arguments[k]].offset + 64);
	state_clobber(w->flow, s, s->pc, CALLER_SAVED);
	if (delivery)
		state_store(w->flow, s, at, 8, (struct value){ FLOW_BLOCK, 0 });
	else
		s->reg[REG_RAX] = (struct value){ FLOW_BLOCK, 0 };
	if (w->is_counted) {
		unsigned width;

		at = count_at(w, &width);
		state_store(w->flow, s, at, width, value_number(1));
	}
	return 0;
}

static void spread(struct walk *w)
{
	bool changed = true;

	for (uint32_t i = 1; i < w->step_count; i++) {
		enum outcome o = w->steps[i].outcome;

		w->steps[i].can_free |= o == OUTCOME_FREED || o == OUTCOME_HELD;
		w->steps[i].can_lose |= o >= OUTCOME_EXIT && o <= OUTCOME_THREAD;
	}
	for (unsigned rounds = 0; changed && rounds < 1000; rounds++) {
		changed = false;
		for (uint32_t e = w->edge_count; e-- > 0;) {
			struct way *from = &w->steps[w->edges[e].from], *to = &w->steps[w->edges[e].to];
			bool frees = from->can_free | to->can_free, loses = from->can_lose | to->can_lose;

			changed |= frees != from->can_free || loses != from->can_lose;
			from->can_free = frees;
			from->can_lose = loses;
		}
	}
}

void walk_prepare(struct walk *w)
{
	struct walk_private *p = w->private = pool_take(&w->model->pool, sizeof(*p));

	p->before = pool_array(&w->model->pool, w->node_count + 1, sizeof(*p->before));
	p->has_before = pool_array(&w->model->pool, w->node_count + 1, sizeof(*p->has_before));
}

#define ROUNDS_EXACT 6u

/* A loop that walks over memory would be followed round by round: after some, where it is in there is no longer known. */
static void widen(struct walk *w, struct state *s)
{
	uint64_t key = s->pc * 31 + s->entered_count;
	struct place_count *count;

	HASH_FIND(hh, w->private->counts, &key, sizeof(key), count);
	if (!count || count->count < ROUNDS_EXACT)
		return;
	for (unsigned r = 0; r < 16; r++) {
		uint32_t kind = (uint32_t)flow_key(w->flow, s->reg[r].symbol)->kind;

		if (s->reg[r].offset && r != REG_RSP && r != REG_RBP && s->reg[r].symbol && kind != SYMBOL_STACK)
			s->reg[r] = (struct value){ flow_symbol(w->flow, SYMBOL_RESULT, s->pc, 80 + (int64_t)r), 0 };
	}
	for (unsigned i = 0; i < s->cell_count; i++) {
		struct cell *c = &s->cells[i];

		if (c->value.symbol == FLOW_BLOCK && c->value.offset && flow_key(w->flow, c->at.symbol)->kind == SYMBOL_STACK)
			c->value = (struct value){ flow_symbol(w->flow, SYMBOL_RESULT, s->pc, 1000 + c->at.offset), 0 };
	}
	s->is_touched = false;
}

int walk(struct walk *w)
{
	struct walk_private *p;
	struct state first;

	walk_prepare(w);
	p = w->private;
	w->step_room = 256;
	w->step_count = 1;
	w->steps = pool_regrow(NULL, w->step_room, sizeof(*w->steps));
	memset(w->steps, 0, sizeof(*w->steps));
	if (begin(w, &first))
		return -1;
	w->started = first.pc;
	w->steps[0].end = first.pc;
	later(w, 0, &first, first.pc);
	while (p->pending_count) {
		struct pending *next = p->pending[--p->pending_count];
		uint32_t step;

		widen(w, &next->state);
		step = step_make(w, next->parent, &next->state);
		if (step)
			run(w, step, &next->state);
		free(next);
	}
	spread(w);
	return 0;
}

void walk_drop(struct walk *w)
{
	if (w->private) {
		HASH_CLEAR(hh, w->private->seen);
		HASH_CLEAR(hh, w->private->counts);
		HASH_CLEAR(hh, w->private->summaries);
		for (size_t i = 0; i < w->private->pending_count; i++)
			free(w->private->pending[i]);
		free(w->private->pending);
	}
	free(w->steps);
	free(w->edges);
}
