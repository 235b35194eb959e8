/* SPDX-License-Identifier: MIT */
/* What is known before a call, and what functions may do that are not entered: see walk_private.h. */
#include <stdlib.h>
#include <string.h>

#include "calls_known.h"
#include "table.h"
#include "walk_private.h"

#define FUNCTION_MAX 60000u /* instructions looked at for one of these questions */
#define VISITS_MAX 6u
#define MEETINGS_MAX 4096u
#define SUMMARY_DEPTH 5u
#define SAME_MAX 96u /* bytes of a function that may do nothing but give back what it got, and instructions */
#define SAME_WAYS 6u
#define SAME_FRAME 0xffffu /* number of a frame that no stack has */

/* A place in a function where ways meet. */
struct block_of_code {
	uint64_t address;
	struct state state;
	unsigned visits;
	bool is_queued;
	UT_hash_handle hh;
};

struct search {
	struct walk *w;
	struct block_of_code *blocks;
	struct block_of_code **queue;
	size_t queue_count, queue_room;
	struct pool pool;
	const struct function *function;
	uint64_t wanted; /* return address of the call */
	struct state *found;
	unsigned instructions;
	uint64_t meetings[MEETINGS_MAX];
	size_t meeting_count;
};

/* A function that says by its name what it does need not be followed. */
static void resolve(struct walk *w, struct target *t, uint64_t *address)
{
	uint64_t defined = calls_effect(t->name) == EFFECT_BORROW ? code_import(w->code, t->name) : 0;
	bool is_library = defined && code_is_of_library(w->code, defined);

	t->effect = calls_named(w->model, t->name, is_library);
	if (t->effect == EFFECT_FREE && w->is_counted && is_library && calls_only_close(w->model, t->name))
		t->effect = EFFECT_BORROW;
	*address = 0;
	if (t->effect != EFFECT_BORROW || !defined || is_library)
		return;
	*address = defined;
	t->name = NULL;
}

void target_find(struct walk *w, struct state *s, const struct insn *i, struct target *t)
{
	uint64_t address = 0;

	memset(t, 0, sizeof(*t));
	if (i->to.kind == OPERAND_IMM) {
		address = (uint64_t)i->to.value;
		t->name = code_stub(w->code, address);
	} else if (i->to.kind == OPERAND_MEM && i->to.base == REG_RIP && i->to.index == REG_NONE) {
		t->name = code_slot(w->code, (uint64_t)i->to.value);
	} else if (i->to.kind == OPERAND_REG && i->to.reg < 16 && s) {
		const struct symbol_key *key = flow_key(w->flow, s->reg[i->to.reg].symbol);

		if (!s->reg[i->to.reg].symbol)
			address = (uint64_t)s->reg[i->to.reg].offset;
		else if (key->kind == SYMBOL_LOADED && !key->a)
			t->name = code_slot(w->code, (uint64_t)(key->b / 16));
	}
	if (t->name)
		resolve(w, t, &address);
	if (address && code_function(w->code, address))
		t->addresses[t->count++] = address;
	else if (!t->name && i->op == OP_CALL)
		t->count = code_callees(w->code, i->next, t->addresses, 4);
}

/* Follows a short function without calls to all its ends: does it give its first argument back, or nothing? */
static bool gives_first(struct walk *w, const struct function *f)
{
	struct state *todo = pool_regrow(NULL, SAME_WAYS, sizeof(*todo));
	struct value first = { flow_symbol(w->flow, SYMBOL_ENTRY, SAME_FRAME, REG_RDI), 0 };
	unsigned count = 1, instructions = 0, same = 0;
	bool is_other = f->end - f->start > SAME_MAX;
	struct insn i;

	state_enter(w->flow, &todo[0], f->start, SAME_FRAME);
	while (count && !is_other) {
		struct state *s = &todo[count - 1];

		if (s->pc < f->start || s->pc >= f->end || instructions++ > SAME_MAX || decode(w->code, s->pc, &i) || i.op == OP_CALL ||
		    (i.op == OP_JUMP && i.to.kind != OPERAND_IMM) || (i.op == OP_BRANCH && count == SAME_WAYS)) {
			is_other = true;
		} else if (i.op == OP_RETURN) {
			is_other = !value_is(s->reg[REG_RAX], first) && !value_is(s->reg[REG_RAX], value_number(0));
			same += value_is(s->reg[REG_RAX], first);
			count--;
		} else if (i.op == OP_BRANCH) {
			todo[count] = *s;
			todo[count++].pc = (uint64_t)i.to.value;
			s->pc = i.next;
		} else {
			if (i.op != OP_JUMP)
				state_step(w->flow, s, &i);
			s->pc = i.op == OP_JUMP ? (uint64_t)i.to.value : i.next;
		}
	}
	free(todo);
	return same && !is_other;
}

static void summarise(struct walk *w, struct summary *sum, unsigned depth)
{
	const struct function *f = code_function(w->code, sum->start);
	unsigned instructions = 0;
	struct insn i;

	if (!f || f->is_system) {
		sum->clobbers = CALLER_SAVED;
		return;
	}
	sum->gives_first = gives_first(w, f);
	for (uint64_t at = f->start; at < f->end && instructions < FUNCTION_MAX; at = i.next, instructions++) {
		struct target t;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		sum->clobbers |= i.writes & CALLER_SAVED;
		if (i.op == OP_JUMP && i.to.kind == OPERAND_IMM && (uint64_t)i.to.value >= f->start &&
		    (uint64_t)i.to.value < f->end)
			continue;
		if (i.op != OP_CALL && i.op != OP_JUMP)
			continue;
		target_find(w, NULL, &i, &t);
		if (t.name || !t.count)
			sum->clobbers |= CALLER_SAVED;
		sum->may_throw |= t.effect == EFFECT_THROW && strcmp(t.name, "_Unwind_Resume") != 0;
		sum->may_jump |= t.effect == EFFECT_JUMP;
		if (t.name && strstr(t.name, "setjmp")) {
			sum->sets_jump = true;
			sum->jump_arrives = i.next;
		}
		for (unsigned k = 0; k < t.count && depth; k++) {
			const struct summary *inner = summary_of(w, t.addresses[k]);

			sum->clobbers |= inner->is_open ? CALLER_SAVED : inner->clobbers;
			sum->may_throw |= inner->may_throw;
			sum->has_thrown |= inner->has_thrown;
			sum->may_jump |= inner->may_jump && !inner->sets_jump;
		}
	}
	sum->has_thrown |= sum->may_throw && code_has_thrown(w->code, f);
	w->instructions += instructions / 4;
}

const struct summary *summary_of(struct walk *w, uint64_t function)
{
	static unsigned depth;
	struct summary *sum;

	HASH_FIND(hh, w->private->summaries, &function, sizeof(function), sum);
	if (sum)
		return sum;
	sum = pool_take(&w->model->pool, sizeof(*sum));
	sum->start = function;
	sum->is_open = true;
	HASH_ADD(hh, w->private->summaries, start, sizeof(sum->start), sum);
	depth++;
	if (depth <= SUMMARY_DEPTH)
		summarise(w, sum, SUMMARY_DEPTH - depth);
	else
		sum->clobbers = CALLER_SAVED;
	depth--;
	sum->is_open = false;
	return sum;
}

static int by_address(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static void queue(struct search *q, struct block_of_code *b)
{
	if (b->is_queued || b->visits >= VISITS_MAX)
		return;
	b->is_queued = true;
	if (q->queue_count == q->queue_room) {
		q->queue_room = q->queue_room ? q->queue_room * 2 : 64;
		q->queue = pool_regrow(q->queue, q->queue_room, sizeof(*q->queue));
	}
	q->queue[q->queue_count++] = b;
}

static struct block_of_code *block_at(struct search *q, uint64_t address)
{
	struct block_of_code *b;

	HASH_FIND(hh, q->blocks, &address, sizeof(address), b);
	return b;
}

static void meet(struct search *q, uint64_t address, const struct state *s)
{
	struct block_of_code *b = block_at(q, address);

	if (b) {
		if (state_join(q->w->flow, &b->state, s))
			queue(q, b);
		return;
	}
	b = pool_take(&q->pool, sizeof(*b));
	b->address = address;
	b->state = *s;
	b->state.pc = address;
	HASH_ADD(hh, q->blocks, address, sizeof(b->address), b);
	queue(q, b);
}

/* What a call on the way to the wanted one leaves behind. */
static void pass_call(struct search *q, struct state *s, const struct insn *i)
{
	const struct summary *sum = NULL;
	struct walk *w = q->w;
	struct value first = s->reg[REG_RDI];
	struct target t;

	target_find(w, s, i, &t);
	for (unsigned k = 0; k < 6; k++) {
		struct value v = s->reg[walk_arguments[k]];

		if (flow_key(w->flow, v.symbol)->kind == SYMBOL_STACK)
			state_forget(s, v.symbol, v.offset, v.offset + 64);
	}
	if (!t.name)
		state_forget(s, 0, INT64_MIN, INT64_MAX);
	if (t.count == 1 && !t.name)
		sum = summary_of(w, t.addresses[0]);
	state_clobber(w->flow, s, i->address, sum ? sum->clobbers | 1u : CALLER_SAVED);
	if ((sum && sum->gives_first) || t.effect == EFFECT_SAME || t.effect == EFFECT_RETAIN)
		s->reg[REG_RAX] = first;
	if (t.effect == EFFECT_MAKE) {
		uint32_t made = flow_symbol(w->flow, SYMBOL_MADE, i->next, 0);

		state_renew(w->flow, s, made);
		s->reg[REG_RAX] = (struct value){ made, 0 };
	}
}

unsigned walk_targets(struct walk *w, const struct insn *jump, const uint64_t **targets)
{
	uint64_t found[TABLE_MOST], *kept;
	struct jump_table *known;

	HASH_FIND(hh, w->private->tables, &jump->address, sizeof(jump->address), known);
	if (!known) {
		known = pool_take(&w->model->pool, sizeof(*known));
		known->address = jump->address;
		known->count = table_targets(w->code, jump, found, TABLE_MOST);
		kept = pool_array(&w->model->pool, known->count, sizeof(*kept));
		memcpy(kept, found, known->count * sizeof(*kept));
		known->targets = kept;
		HASH_ADD(hh, w->private->tables, address, sizeof(known->address), known);
	}
	*targets = known->targets;
	return known->count;
}

/* A jump by a table. Returns whether it is one. */
static bool meet_table(struct search *q, const struct insn *i, const struct state *s)
{
	const uint64_t *targets;
	unsigned count = i->op == OP_JUMP && i->to.kind != OPERAND_IMM ? walk_targets(q->w, i, &targets) : 0;

	for (unsigned k = 0; k < count; k++)
		meet(q, targets[k], s);
	return count > 0;
}

static bool is_last(struct search *q, const struct insn *i, const struct state *s)
{
	struct target t;

	if (i->op == OP_RETURN || i->op == OP_STOP)
		return true;
	if (i->op == OP_JUMP && (i->to.kind != OPERAND_IMM || flow_key(q->w->flow, s->reg[REG_RSP].symbol)->kind !=
							      SYMBOL_STACK))
		return true;
	if (i->op == OP_JUMP)
		return ((uint64_t)i->to.value < q->function->start || (uint64_t)i->to.value >= q->function->end) &&
		       !s->reg[REG_RSP].offset;
	if (i->op != OP_CALL)
		return false;
	target_find(q->w, NULL, i, &t);
	return t.effect == EFFECT_STOP || t.effect == EFFECT_THROW ||
	       t.effect == EFFECT_JUMP || t.effect == EFFECT_THREAD_ENDS;
}

static void take_call(struct search *q, const struct insn *i, struct state *s)
{
	if (i->next != q->wanted)
		return;
	if (q->found) {
		state_join(q->w->flow, q->found, s);
		return;
	}
	q->found = pool_take(&q->w->model->pool, sizeof(*q->found));
	*q->found = *s;
}

static void note_targets(struct search *q, const struct insn *i)
{
	const uint64_t *targets;
	unsigned count = walk_targets(q->w, i, &targets);

	for (unsigned k = 0; k < count && q->meeting_count < MEETINGS_MAX; k++)
		q->meetings[q->meeting_count++] = targets[k];
}

/* Where jumps of the function lead: all ways meet there, also those that come without a jump. */
static void find_meetings(struct search *q)
{
	struct insn i;

	for (uint64_t at = q->function->start; at < q->function->end && q->meeting_count < MEETINGS_MAX; at = i.next) {
		if (decode(q->w->code, at, &i))
			return;
		if ((i.op == OP_BRANCH || i.op == OP_JUMP) && i.to.kind == OPERAND_IMM)
			q->meetings[q->meeting_count++] = (uint64_t)i.to.value;
		else if (i.op == OP_JUMP)
			note_targets(q, &i);
	}
	if (q->meeting_count)
		qsort(q->meetings, q->meeting_count, sizeof(*q->meetings), by_address);
}

static bool is_met(const struct search *q, uint64_t address)
{
	return q->meeting_count &&
	       bsearch(&address, q->meetings, q->meeting_count, sizeof(address), by_address);
}

static void run_block(struct search *q, struct block_of_code *b)
{
	struct state s = b->state;
	uint64_t at = b->address;
	struct insn i;

	b->visits++;
	for (;;) {
		if (q->instructions++ > FUNCTION_MAX || decode(q->w->code, at, &i))
			return;
		s.pc = at;
		if (i.op == OP_CALL)
			take_call(q, &i, &s);
		if (meet_table(q, &i, &s) || is_last(q, &i, &s))
			return;
		if (i.op == OP_CALL) {
			pass_call(q, &s, &i);
		} else if (i.op == OP_JUMP) {
			meet(q, (uint64_t)i.to.value, &s);
			return;
		} else if (i.op == OP_BRANCH) {
			meet(q, (uint64_t)i.to.value, &s);
			meet(q, i.next, &s);
			return;
		} else {
			state_step(q->w->flow, &s, &i);
		}
		at = i.next;
		if (is_met(q, at)) {
			meet(q, at, &s);
			return;
		}
	}
}

static struct state *search_before(struct walk *w, unsigned frame)
{
	const struct node *node = &w->model->nodes[w->nodes[frame]];

	if (node->exact || !node->module)
		return NULL;
	return state_at_call(w, !frame && w->after_call ? w->after_call : node->pc, frame);
}

struct state *state_at_call(struct walk *w, uint64_t wanted, unsigned frame)
{
	struct search q = { .w = w, .wanted = wanted, .function = code_function(w->code, wanted - 1) };
	struct state first;

	if (!q.function)
		return NULL;
	find_meetings(&q);
	state_enter(w->flow, &first, q.function->start, frame);
	meet(&q, q.function->start, &first);
	while (q.queue_count) {
		struct block_of_code *b = q.queue[--q.queue_count];

		b->is_queued = false;
		run_block(&q, b);
	}
	w->instructions += q.instructions;
	HASH_CLEAR(hh, q.blocks);
	free(q.queue);
	pool_drop(&q.pool);
	if (q.found) {
		q.found->pc = wanted;
		q.found->frame = frame;
	}
	return q.found;
}

const struct state *state_before(struct walk *w, unsigned frame)
{
	struct walk_private *p = w->private;

	if (frame >= w->node_count)
		return NULL;
	if (!p->has_before[frame]) {
		p->has_before[frame] = true;
		p->before[frame] = search_before(w, frame);
	}
	return p->before[frame];
}
