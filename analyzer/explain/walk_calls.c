/* SPDX-License-Identifier: MIT */
/* Calls met on the way: what is known by its name, what is entered, what throws: see walk.h. */
#include <string.h>

#include "walk_private.h"

#define SAME_FUNCTION_MAX 2u

const uint8_t walk_arguments[6] = { REG_RDI, REG_RSI, REG_RDX, REG_RCX, 8, 9 };
static const uint8_t kept[6] = { REG_RBX, REG_RBP, 12, 13, 14, 15 };

/* Small ones that only pass on what they get, or own one thing: what the program's own code does goes on through them. */
static bool is_transparent(const char *name)
{
	static const char *const names[] = { "std::move<", "std::forward<", "std::exchange<", "std::__exchange<", "std::swap<", "std::addressof<",
					     "std::__addressof<", "std::unique_ptr<", "std::__uniq_ptr_impl<", "std::__uniq_ptr_data<", "std::get<",
					     "std::__get_helper<", "std::tuple<", "std::_Tuple_impl<", "std::_Head_base<", "std::default_delete<",
					     NULL };

	for (const char *const *n = names; *n; n++)
		if (!strncmp(name, *n, strlen(*n)))
			return true;
	return false;
}

/* Templates of the C++ library, which lie in the program: containers keep what they get. */
static bool is_of_language(const char *name)
{
	return name && (!strncmp(name, "std::", 5) || !strncmp(name, "__gnu_cxx::", 11)) && !is_transparent(name);
}

static bool is_relevant(const struct walk *w, const struct state *s, uint64_t callee)
{
	const struct function *f = code_function(w->code, callee);

	if (!f || f->is_system || w->is_shallow || s->entered_count >= STATE_FRAMES || is_of_language(f->name))
		return false;
	for (unsigned k = 0; k < 6; k++)
		if (state_leads_to_block(w->flow, s, s->reg[walk_arguments[k]]))
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
	uint16_t unread = ARGUMENT_REGISTERS & ~arguments_of(w, callee) & summary_of(w, callee)->clobbers;

	state_clobber(w->flow, &inner, i->address, unread);
	if (!state_holds_block(w->flow, &inner)) {
		step_at(w, step)->holder = walk_holder(w, s);
		walk_end_beside(w, step, OUTCOME_DEAD, s);
		return;
	}
	inner.reg[REG_RSP].offset -= 8;
	state_store(w->flow, &inner, inner.reg[REG_RSP], 8, value_number((int64_t)i->next));
	*e = (struct entered){ .function = f->start, .return_address = i->next, .sp = inner.reg[REG_RSP], .visit = step };
	for (unsigned k = 0; k < 6; k++)
		e->saved[k] = inner.reg[kept[k]];
	inner.compare_width = 0;
	walk_later(w, step, &inner, callee);
}

static bool is_releaser(const struct walk *w, uint64_t return_address)
{
	for (unsigned k = 0; k < w->releaser_count; k++)
		if (w->releasers[k] == return_address)
			return true;
	return false;
}

/* By its name alone. */
static bool promises_release(const struct walk *w, uint64_t callee)
{
	const struct function *f = code_function(w->code, callee);
	enum effect effect = f && f->name ? calls_named(w->model, f->name, true) : EFFECT_BORROW;

	return effect == EFFECT_FREE || effect == EFFECT_RELEASE;
}

static bool is_argument(const struct walk *w, const struct state *s)
{
	for (unsigned k = 0; k < 6; k++)
		if (state_leads_to_block(w->flow, s, s->reg[walk_arguments[k]]))
			return true;
	return false;
}

struct value walk_count_at(const struct walk *w, unsigned *width)
{
	*width = w->count_width ? w->count_width : 8;
	return (struct value){ FLOW_BLOCK, w->count_width ? w->count_offset : 1ll << 40 };
}

static void count_up(struct walk *w, struct state *s)
{
	unsigned width;
	struct value at = walk_count_at(w, &width), now = state_load(w->flow, s, at, width);

	if (s->reg[REG_RDI].symbol != FLOW_BLOCK || now.symbol || now.offset > 3)
		return;
	now.offset++;
	state_store(w->flow, s, at, width, now);
}

/* Is it to be let go? */
static bool count_down(struct walk *w, struct state *s, bool is_block)
{
	unsigned width;
	struct value at = walk_count_at(w, &width), now = state_load(w->flow, s, at, width);

	if (!is_block || now.symbol)
		return true;
	now.offset--;
	state_store(w->flow, s, at, width, now);
	return now.offset <= 0;
}

static bool is_handed_over(const struct walk *w, const struct state *s)
{
	for (unsigned k = 1; k < 6; k++)
		if (state_leads_to_block(w->flow, s, s->reg[walk_arguments[k]]))
			return true;
	return false;
}

/* Others may get at it from now on, nobody knows where. */
static void keep_strangely(struct walk *w, struct state *s)
{
	uint64_t kept_at = s->kept_at;
	struct value kept_in = s->kept_in;

	state_store(w->flow, s, (struct value){ 0, -(1ll << 40) }, 8, (struct value){ FLOW_BLOCK, 0 });
	s->is_strange = true;
	if (!kept_at)
		return;
	s->kept_at = kept_at;
	s->kept_in = kept_in;
}

/* A function that is not entered has returned. */
static void returned(struct walk *w, struct state *s, const struct insn *i, uint16_t clobbers)
{
	for (unsigned k = 0; k < 6; k++) {
		struct value v = s->reg[walk_arguments[k]];

		if (flow_key(w->flow, v.symbol)->kind == SYMBOL_STACK && !state_leads_to_block(w->flow, s, v))
			state_forget(s, v.symbol, v.offset, v.offset + 64);
	}
	state_clobber(w->flow, s, i->address, clobbers | 1u);
	s->pc = i->next;
}

/* The memory behind an argument is let go. Returns whether the way ends here. */
static bool call_free(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct value v = s->reg[REG_RDI], holder = walk_holder(w, s);
	bool is_owner = v.symbol && (state_leads_to_block(w->flow, s, v) ||
				     (holder.symbol && flow_key(w->flow, holder.symbol)->kind != SYMBOL_STACK)); /* by another name */

	if (v.symbol == FLOW_BLOCK) {
		walk_end(w, step, OUTCOME_FREED, s);
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
	if (is_owner && flow_key(w->flow, holder.symbol)->kind != SYMBOL_STACK) /* a register may have a copy that nobody reads any more */
		alive_shed(w, s);
	return walk_is_lost(w, step, s, holder, is_owner ? OUTCOME_OWNER : OUTCOME_DEAD);
}

static bool call_resize(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct value holder = walk_holder(w, s);

	if (s->reg[REG_RDI].symbol != FLOW_BLOCK) {
		returned(w, s, i, CALLER_SAVED);
		return walk_is_lost(w, step, s, holder, OUTCOME_DEAD);
	}
	walk_end_beside(w, step, OUTCOME_RESIZED, s);
	returned(w, s, i, CALLER_SAVED);
	s->reg[REG_RAX] = value_number(0);
	s->was_resized = true;
	return walk_is_lost(w, step, s, holder, OUTCOME_DEAD);
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
	struct value first = s->reg[REG_RDI], holder = walk_holder(w, s);

	switch (effect) {
	case EFFECT_FREE:
		return call_free(w, step, s, i);
	case EFFECT_STORE:
		if (is_handed_over(w, s))
			keep_strangely(w, s);
		break;
	case EFFECT_LINK:
		if (state_leads_to_block(w->flow, s, first))
			keep_strangely(w, s);
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
		walk_end(w, step, OUTCOME_FREED, s);
		return true;
	case EFFECT_RESIZE:
		return call_resize(w, step, s, i);
	case EFFECT_MAKE:
		call_make(w, s, i);
		return walk_is_lost(w, step, s, holder, OUTCOME_DEAD);
	case EFFECT_STOP:
		walk_end(w, step, OUTCOME_HELD, s);
		return true;
	case EFFECT_THREAD_ENDS:
		step_at(w, step)->holder = holder;
		for (unsigned k = s->cell_count; k-- > 0;)
			if (flow_key(w->flow, s->cells[k].at.symbol)->kind == SYMBOL_STACK)
				s->cells[k] = s->cells[--s->cell_count];
		state_clobber(w->flow, s, i->address, 0xffffu & ~(1u << REG_RSP));
		walk_end(w, step, state_holds_block(w->flow, s) ? OUTCOME_HELD : OUTCOME_THREAD, s);
		return true;
	case EFFECT_THROW:
		s->pc = i->address;
		return call_throw(w, step, s);
	case EFFECT_JUMP:
		step_at(w, step)->holder = holder;
		s->pc = i->address;
		if (!leave_by_jump(w, s))
			walk_end(w, step, OUTCOME_HELD, s);
		else if (!state_holds_block(w->flow, s))
			walk_end(w, step, OUTCOME_JUMPED, s);
		else
			walk_later(w, step, s, s->pc);
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
	return walk_is_lost(w, step, s, holder, OUTCOME_DEAD);
}

/* Memory of a frame and the middle of an object are nothing that a library lets go, nor is what begins with a pointer to a counted
 * object: it gets the address of a pointer, lets go what that leads to, and clears it. */
static bool is_address_of_pointer(struct walk *w, struct state *s, const struct target *t, struct value v)
{
	if (t->effect == EFFECT_CLEAR)
		return true;
	if ((t->effect != EFFECT_FREE && t->effect != EFFECT_RELEASE) || calls_effect(t->name) != EFFECT_BORROW)
		return false;
	if (flow_key(w->flow, v.symbol)->kind == SYMBOL_STACK || (v.symbol && v.symbol != FLOW_BLOCK && v.offset))
		return true;
	return w->is_counted && v.symbol && v.symbol != FLOW_BLOCK && state_load(w->flow, s, v, 8).symbol == FLOW_BLOCK;
}

static bool call_release_at(struct walk *w, uint32_t step, struct state *s, const struct insn *i, enum effect effect)
{
	struct value at = s->reg[REG_RDI], what = state_load(w->flow, s, at, 8), holder = walk_holder(w, s);
	bool is_block = what.symbol == FLOW_BLOCK && !what.offset;

	if (is_block && (effect != EFFECT_RELEASE || count_down(w, s, true))) {
		walk_end(w, step, OUTCOME_FREED, s);
		return true;
	}
	returned(w, s, i, CALLER_SAVED);
	state_store(w->flow, s, at, 8, value_number(0));
	return walk_is_lost(w, step, s, holder, OUTCOME_OVERWRITTEN);
}

/* Where an exception lands, what it left in rax and rdx is its own. */
static void land(struct walk *w, uint32_t step, struct state *s, uint64_t pad)
{
	state_clobber(w->flow, s, s->pc, CALLER_SAVED);
	walk_later(w, step, s, pad);
}

/* An exception leaves the functions one after the other, until one has code that runs then. `call`: in its instruction. */
static bool unwind(struct walk *w, uint32_t step, struct state *s, uint64_t call)
{
	struct value holder = walk_holder(w, s);

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
			walk_end(w, step, OUTCOME_HELD, s);
			return true;
		}
		if (leave_by_throw(w, s)) {
			walk_end(w, step, OUTCOME_HELD, s);
			return true;
		}
		call = s->pc - 1;
		s->is_touched = true;
		if (walk_is_lost(w, step, s, holder, OUTCOME_THROWN))
			return true;
	}
}

static bool call_throw(struct walk *w, uint32_t step, struct state *s)
{
	const struct function *f = code_function(w->code, s->pc);

	step_at(w, step)->holder = walk_holder(w, s);
	if (!s->was_thrown && f && !code_has_thrown(w->code, f))
		s->is_improbable = true;
	return unwind(w, step, s, s->pc);
}

/* One that was called, and not entered, throws. */
static void throw_beside(struct walk *w, uint32_t step, const struct state *s, uint64_t call)
{
	struct state copy = *s;
	struct value holder = walk_holder(w, s);

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
		walk_end_beside(w, step, OUTCOME_THROWN, &copy);
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
			walk_end_beside(w, step, OUTCOME_JUMPED, s);
		else
			walk_later(w, step, &copy, copy.pc);
	}
	if (sum->may_throw && sum->has_thrown)
		throw_beside(w, step, s, call);
}

/* setjmp returns for a second time when a longjmp leads there. */
static void arrive_beside(struct walk *w, uint32_t step, const struct state *s, const struct insn *i)
{
	struct state copy = *s;

	returned(w, &copy, i, CALLER_SAVED);
	copy.reg[REG_RAX] = value_number(1);
	copy.was_jumped = i->address;
	walk_later(w, step, &copy, copy.pc);
}

bool walk_call(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	struct value holder = walk_holder(w, s);
	struct value first = s->reg[REG_RDI];
	const struct summary *sum = NULL;
	struct target t;
	bool entered = false, gets_it;

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
	if (t.name && strstr(t.name, "setjmp")) {
		arrive_beside(w, step, s, i);
		returned(w, s, i, CALLER_SAVED);
		s->reg[REG_RAX] = value_number(0);
		return walk_is_lost(w, step, s, holder, OUTCOME_DEAD);
	}
	if (t.name && is_address_of_pointer(w, s, &t, first))
		return call_release_at(w, step, s, i, t.effect);
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
	if (gets_it && (is_releaser(w, i->next) || (w->is_shallow && t.count == 1 && first.symbol == FLOW_BLOCK && !first.offset &&
						    promises_release(w, t.addresses[0])))) {
		walk_end(w, step, OUTCOME_FREED, s);
		return true;
	}
	if (is_handed_over(w, s) && t.count && is_of_language(code_function(w->code, t.addresses[0])->name))
		keep_strangely(w, s);
	if (gets_it && !t.count && !entered) {
		s->is_strange = true;
		w->met_unknown = true;
	}
	if (t.count == 1)
		sum = summary_of(w, t.addresses[0]);
	returned(w, s, i, sum ? sum->clobbers : CALLER_SAVED);
	if (sum && sum->gives_first)
		s->reg[REG_RAX] = first;
	return walk_is_lost(w, step, s, holder, OUTCOME_DEAD);
}

bool walk_call_tail(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
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
		walk_later(w, step, s, t.addresses[0]);
		return true;
	} else {
		state_clobber(w->flow, s, i->address, CALLER_SAVED);
	}
	return false;
}
