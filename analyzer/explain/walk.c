/* SPDX-License-Identifier: MIT */
/* All ways that the code leaves a block: see walk.h. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "calls_known.h"
#include "walk_private.h"

#define STEPS_MAX 20000u
#define STATES_OF_PLACE 96u

static void edge_add(struct walk *w, uint32_t from, uint32_t to)
{
	if (w->edge_count == w->edge_room) {
		w->edge_room = w->edge_room ? w->edge_room * 2 : 256;
		w->edges = pool_regrow(w->edges, w->edge_room, sizeof(*w->edges));
	}
	w->edges[w->edge_count++] = (struct edge_of_way){ from, to };
}

/* Where code is; what was put away there is another matter than what a variable has, so that neither takes the other's share. */
static uint64_t place_key(const struct state *s)
{
	return (s->pc * 31 + s->entered_count) * 2 + (s->kept_at != 0);
}

/* The way is not followed any further. The outermost frame is that in which most is known by its origin. */
static void cut(struct walk *w, const struct state *s)
{
	w->is_cut = w->is_long = true;
	if (!s->kept_at || (w->kept && w->kept->frame >= s->frame))
		return;
	if (!w->kept)
		w->kept = pool_take(&w->model->pool, sizeof(*w->kept));
	*w->kept = *s;
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

/* A new piece after `parent`; 0 if the same was met before, or too much. */
static uint32_t step_make(struct walk *w, uint32_t parent, const struct state *s)
{
	struct walk_private *p = w->private;
	uint64_t hash = state_hash(s), key = place_key(s);
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
		cut(w, s);
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
				     .was_resized = s->was_resized, .was_kept = s->kept_at != 0, .was_jumped = s->was_jumped };
	note_numbers(&w->steps[i], s);
	seen = pool_take(&w->model->pool, sizeof(*seen));
	seen->hash = hash;
	seen->step = i;
	HASH_ADD(hh, p->seen, hash, sizeof(seen->hash), seen);
	edge_add(w, parent, i);
	return i;
}

static struct pending *go_on(struct walk *w, uint32_t parent, const struct state *s, uint64_t pc)
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
	to->is_branch = false;
	p->pending[p->pending_count++] = to;
	return to;
}

void walk_later(struct walk *w, uint32_t parent, const struct state *s, uint64_t pc)
{
	go_on(w, parent, s, pc);
}

static void branch_later(struct walk *w, uint32_t parent, const struct state *s, uint64_t pc)
{
	go_on(w, parent, s, pc)->is_branch = true;
}

void walk_end(struct walk *w, uint32_t step, enum outcome outcome, const struct state *s)
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
	if (s->cycle) {
		w->any_cycle = s->cycle;
		w->has_counted |= s->has_counted;
	}
	note_numbers(t, s);
	if (outcome == OUTCOME_HELD || outcome == OUTCOME_OWNER || outcome == OUTCOME_CUT) {
		t->state = pool_take(&w->model->pool, sizeof(*t->state));
		*t->state = *s;
	}
}

void walk_end_beside(struct walk *w, uint32_t step, enum outcome outcome, const struct state *s)
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
	walk_end(w, i, outcome, s);
}

struct value walk_holder(const struct walk *w, const struct state *s)
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

bool walk_is_lost(struct walk *w, uint32_t step, struct state *s, struct value holder, enum outcome outcome)
{
	if (!s->is_touched)
		return false;
	s->is_touched = false;
	if (state_holds_block(w->flow, s))
		return false;
	step_at(w, step)->holder = holder;
	walk_end(w, step, outcome, s);
	return true;
}

/* Returns whether the way ends here. */
static bool follow_return(struct walk *w, uint32_t step, struct state *s)
{
	const struct function *f = code_function(w->code, s->pc);
	bool is_void = f && code_is_void(w->code, f);
	struct value holder = walk_holder(w, s);

	if (s->entered_count) {
		leave_entered(w, s, is_void);
	} else if (s->frame + 1 < w->node_count && !leave_to_caller(w, s, is_void)) {
		;
	} else {
		bool is_end = s->frame + 1 >= w->node_count;

		if (is_end && !is_void && s->reg[REG_RAX].symbol == FLOW_BLOCK && !s->reg[REG_RAX].offset) { /* whoever called has it */
			walk_end(w, step, OUTCOME_HELD, s);
			return true;
		}
		for (unsigned k = s->cell_count; k-- > 0;)
			if (flow_key(w->flow, s->cells[k].at.symbol)->kind == SYMBOL_STACK)
				s->cells[k] = s->cells[--s->cell_count];
		state_clobber(w->flow, s, s->pc, 0xffffu & ~(is_end ? 0u : 1u));
		if (walk_is_lost(w, step, s, holder, OUTCOME_EXIT))
			return true;
		if (is_end && w->is_thread) { /* its own variables go with it */
			for (unsigned k = s->cell_count; k-- > 0;)
				if (flow_key(w->flow, s->cells[k].at.symbol)->kind == SYMBOL_THREAD)
					s->cells[k] = s->cells[--s->cell_count];
			s->is_touched = true;
			if (walk_is_lost(w, step, s, holder, OUTCOME_THREAD))
				return true;
		}
		walk_end(w, step, is_end ? OUTCOME_HELD : OUTCOME_CUT, s);
		return true;
	}
	s->is_touched = true;
	if (walk_is_lost(w, step, s, holder, OUTCOME_EXIT))
		return true;
	walk_later(w, step, s, s->pc);
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

static bool follow_jump(struct walk *w, uint32_t step, struct state *s, const struct insn *i)
{
	const uint64_t *targets;
	unsigned count = i->to.kind == OPERAND_IMM ? 0 : walk_targets(w, i, &targets);

	for (unsigned k = 0; k < count; k++) {
		struct state copy = *s;

		walk_later(w, step, &copy, targets[k]);
	}
	if (count)
		return true;
	if (is_tail_call(w, s, i)) {
		if (walk_call_tail(w, step, s, i))
			return true;
		s->pc = i->address;
		return follow_return(w, step, s);
	}
	if (i->to.kind == OPERAND_IMM) {
		branch_later(w, step, s, (uint64_t)i->to.value);
		return true;
	}
	w->is_cut = w->met_unknown = true;
	walk_end(w, step, OUTCOME_CUT, s);
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
		branch_later(w, step, s, (uint64_t)i->to.value);
	}
	if (known != 1) {
		state_assume(&other, i->condition ^ 1u);
		other.is_improbable |= is_made && i->condition == 5;
		branch_later(w, step, &other, i->next);
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
		walk_later(w, step, s, i->next);
	}
	if (known == 1)
		return;
	state_assume(&other, i->condition ^ 1u);
	if (i->op == OP_SET) {
		move.from.value = 0;
		state_step(w->flow, &other, &move);
	}
	walk_later(w, step, &other, i->next);
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
		return walk_call(w, step, s, i);
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
		walk_end(w, step, OUTCOME_HELD, s);
		return true;
	default:
		note_use(w, step, s, i);
		holder = walk_holder(w, s);
		state_step(w->flow, s, i);
		s->pc = i->next;
		if (s->is_touched && i->to.kind == OPERAND_REG && i->to.reg < 16)
			step_at(w, step)->replacing = s->reg[i->to.reg];
		else if (s->is_touched && i->to.kind == OPERAND_MEM && i->from.kind == OPERAND_REG && i->from.reg < 16)
			step_at(w, step)->replacing = s->reg[i->from.reg];
		return walk_is_lost(w, step, s, holder, i->op == OP_POP || i->op == OP_LEAVE ? OUTCOME_EXIT
										       : OUTCOME_OVERWRITTEN);
	}
}

uint64_t walk_time_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static bool is_enough(struct walk *w)
{
	if (w->until_us && !(w->instructions & 255) && walk_time_us() > w->until_us)
		w->most_instructions = 0;
	if (w->instructions++ <= w->most_instructions)
		return false;
	return w->is_long = true;
}

#define PIECE_MAX 400u
#define STRAIGHT_MAX 40u

/* Nobody reads the registers that held it any more (bits): but where one of them gets what a call gave next, that is a
 * variable which gets another value. */
static void end_shed(struct walk *w, uint32_t step, struct state *s, uint16_t held)
{
	struct state before = *s;
	struct insn i;

	for (unsigned k = 0; k < STRAIGHT_MAX && !decode(w->code, s->pc, &i) && i.op < OP_JUMP; k++) {
		enum symbol_kind kind;

		state_step(w->flow, s, &i);
		s->pc = i.next;
		if (!(i.writes & held) || i.to.kind != OPERAND_REG || i.to.reg >= 16)
			continue;
		kind = (enum symbol_kind)flow_key(w->flow, s->reg[i.to.reg].symbol)->kind;
		if (kind != SYMBOL_MADE && kind != SYMBOL_RESULT)
			break;
		step_at(w, step)->replacing = s->reg[i.to.reg];
		step_at(w, step)->end = i.address;
		walk_end(w, step, OUTCOME_OVERWRITTEN, &before);
		return;
	}
	walk_end(w, step, OUTCOME_DEAD, &before);
}

/* held: bits of registers that held it, and that nobody reads any more. */
static void run(struct walk *w, uint32_t step, struct state *s, uint16_t held)
{
	const struct function *f = code_function(w->code, s->pc);
	struct insn i;

	step_at(w, step)->function = f ? f->start : 0;
	step_at(w, step)->visit = s->entered_count ? s->entered[s->entered_count - 1].visit : 0x80000000u + s->frame;
	if (held && !state_holds_block(w->flow, s)) {
		end_shed(w, step, s, held);
		return;
	}
	s->is_touched = false;
	for (unsigned k = 0; k < PIECE_MAX; k++) {
		if (is_enough(w) || decode(w->code, s->pc, &i)) {
			w->is_cut = true;
			walk_end(w, step, OUTCOME_CUT, s);
			return;
		}
		step_at(w, step)->end = i.address;
		if (follow(w, step, s, &i))
			return;
	}
	walk_later(w, step, s, s->pc);
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

static void begin_result(struct walk *w, struct state *s)
{
	if (w->result == RESULT_NONE)
		s->reg[REG_RAX] = value_number(0);
	if (w->result != RESULT_SOME)
		return;
	s->left = s->reg[REG_RAX];
	s->right = value_number(0);
	s->compare_width = 4;
	s->is_and = false;
	state_assume(s, 5);
	s->compare_width = 0;
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
	at = w->left_at ? *w->left_at : delivery ? s->reg[walk_arguments[delivery - 1]] : value_number(0);
	for (unsigned k = 0; k < 6; k++)
		if (flow_key(w->flow, s->reg[walk_arguments[k]].symbol)->kind == SYMBOL_STACK)
			state_forget(s, s->reg[walk_arguments[k]].symbol, s->reg[walk_arguments[k]].offset,
				     s->reg[walk_arguments[k]].offset + 64);
	state_clobber(w->flow, s, s->pc, CALLER_SAVED);
	if (delivery || w->left_at)
		state_store(w->flow, s, at, 8, (struct value){ FLOW_BLOCK, 0 });
	else
		s->reg[REG_RAX] = (struct value){ FLOW_BLOCK, 0 };
	begin_result(w, s);
	if (w->is_counted) {
		unsigned width;

		at = walk_count_at(w, &width);
		state_store(w->flow, s, at, width, value_number(1));
	}
	return 0;
}

static void spread(struct walk *w)
{
	bool changed = true;

	for (uint32_t i = 1; i < w->step_count; i++) {
		enum outcome o = w->steps[i].outcome;

		w->steps[i].can_free |= o == OUTCOME_FREED || o == OUTCOME_HELD || o == OUTCOME_RESIZED;
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
	uint64_t key = place_key(s);
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
	walk_later(w, 0, &first, first.pc);
	while (p->pending_done < p->pending_count) {
		struct pending *next = p->pending[p->pending_done++];
		uint16_t held = 0;
		uint32_t step;

		widen(w, &next->state);
		if (next->is_branch && state_holds_block(w->flow, &next->state))
			held = alive_shed(w, &next->state);
		step = step_make(w, next->parent, &next->state);
		if (step)
			run(w, step, &next->state, held);
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
		HASH_CLEAR(hh, w->private->tables);
		alive_drop(w);
		for (size_t i = w->private->pending_done; i < w->private->pending_count; i++)
			free(w->private->pending[i]);
		free(w->private->pending);
	}
	free(w->steps);
	free(w->edges);
}
